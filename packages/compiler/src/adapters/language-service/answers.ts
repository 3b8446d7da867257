import type { ts } from "ts-morph";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { DirectiveWords } from "../../directives/directive.ts";
import { toTypescript } from "../../typescript/diagnostic.ts";
import { suggestions, type Suggestion } from "./completions.ts";
import { directiveStringAt, type DirectiveString } from "./directive-string.ts";
import { documentation, hoverAt } from "./hover.ts";
import { Parameters, type Candidate } from "./parameters.ts";
import { spotAt, type Step } from "./spot.ts";

/** A directive at a position of a file, with what is needed to answer questions about it. */
interface Place {
  readonly file: ts.SourceFile;
  readonly found: DirectiveString;
  readonly parameters: Parameters | undefined;
}

/** Answers about directives, in the shapes of TypeScript's language service. `undefined` where no directive is. */
export class Answers {
  private readonly api: typeof ts;
  private readonly service: ts.LanguageService;
  private readonly words: DirectiveWords;

  constructor(api: typeof ts, service: ts.LanguageService, words: DirectiveWords) {
    this.api = api;
    this.service = service;
    this.words = words;
  }

  diagnostics(fileName: string, diagnostics: readonly Diagnostic[]): ts.Diagnostic[] {
    const file = this.service.getProgram()?.getSourceFile(fileName);
    return file ? diagnostics.map((each) => toTypescript(file, each)) : [];
  }

  completions(fileName: string, position: number): ts.CompletionInfo | undefined {
    const { place, found } = this.suggested(fileName, position);
    if (!place || found.length === 0) return undefined;
    return {
      isGlobalCompletion: false,
      isMemberCompletion: false,
      isNewIdentifierLocation: true,
      entries: found.map((each, i) => ({
        name: each.name,
        kind: this.kindOf(each),
        sortText: String(i).padStart(3, "0"),
        replacementSpan: spanOf(place, each),
        ...(each.suffix !== undefined && { insertText: each.name + each.suffix }),
      })),
    };
  }

  completionDetails(fileName: string, position: number, name: string): ts.CompletionEntryDetails | undefined {
    const { found } = this.suggested(fileName, position);
    const entry = found.find((each) => each.name === name);
    if (!entry) return undefined;
    const { description, symbol } = entry;
    return {
      name,
      kind: this.kindOf(entry),
      kindModifiers: "",
      displayParts: symbol ? this.declared(name, symbol) : [textPart(name)],
      documentation: symbol
        ? symbol.getDocumentationComment(this.service.getProgram()?.getTypeChecker())
        : description
          ? [textPart(documentation(description))]
          : [],
    };
  }

  quickInfo(fileName: string, position: number): ts.QuickInfo | undefined {
    const place = this.placeOf(fileName, position);
    if (!place) return undefined;
    const { found } = place;
    const hover = hoverAt(found.text, position - found.start, this.words);
    if (hover)
      return {
        kind: this.api.ScriptElementKind.string,
        kindModifiers: "",
        textSpan: spanOf(place, hover.span),
        displayParts: [textPart(hover.title)],
        documentation: hover.text === "" ? [] : [textPart(hover.text)],
      };
    const { step, candidate } = this.candidateAt(place, position);
    return (
      step &&
      candidate && {
        kind: this.kindOf({ kind: candidate.isParameter ? "parameter" : "member" }),
        kindModifiers: "",
        textSpan: spanOf(place, step),
        displayParts: candidate.symbol ? this.declared(candidate.name, candidate.symbol) : [textPart(candidate.name)],
        documentation: candidate.symbol?.getDocumentationComment(this.service.getProgram()?.getTypeChecker()) ?? [],
      }
    );
  }

  definition(fileName: string, position: number): ts.DefinitionInfoAndBoundSpan | undefined {
    const place = this.placeOf(fileName, position);
    const { step, candidate } = place ? this.candidateAt(place, position) : {};
    if (!place || !step || !candidate) return undefined;
    const definitions = (candidate.symbol?.declarations ?? []).map((each): ts.DefinitionInfo => {
      const name = this.api.getNameOfDeclaration(each) ?? each;
      const file = each.getSourceFile();
      const start = name.getStart(file);
      return {
        fileName: file.fileName,
        textSpan: { start, length: name.end - start },
        kind: this.kindOf({ kind: candidate.isParameter ? "parameter" : "member" }),
        name: candidate.name,
        containerKind: this.api.ScriptElementKind.unknown,
        containerName: "",
      };
    });
    return { textSpan: spanOf(place, step), definitions };
  }

  private placeOf(fileName: string, position: number): Place | undefined {
    const program = this.service.getProgram();
    const file = program?.getSourceFile(fileName);
    const found = file && directiveStringAt(this.api, file, position);
    if (!program || !found) return undefined;
    const { fn } = found;
    return { file, found, parameters: fn && new Parameters(this.api, program.getTypeChecker(), fn) };
  }

  private suggested(fileName: string, position: number): { place?: Place; found: readonly Suggestion[] } {
    const place = this.placeOf(fileName, position);
    if (!place) return { found: [] };
    return { place, found: suggestions(this.api, place.found, position, this.words, place.parameters) };
  }

  private candidateAt(
    { found, parameters }: Place,
    position: number,
  ): { readonly step?: Step | undefined; readonly candidate?: Candidate | undefined } {
    const spot = spotAt(found.text, position - found.start, this.words);
    if (spot?.kind !== "placeholder") return {};
    return { step: spot.steps[spot.at], candidate: parameters?.resolve(spot.steps, spot.at) };
  }

  private declared(name: string, symbol: ts.Symbol): ts.SymbolDisplayPart[] {
    const checker = this.service.getProgram()?.getTypeChecker();
    const [declaration] = symbol.declarations ?? [];
    if (!checker || !declaration) return [textPart(name)];
    return [textPart(`${name}: ${checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, declaration))}`)];
  }

  private kindOf({ kind }: Pick<Suggestion, "kind">): ts.ScriptElementKind {
    const { ScriptElementKind } = this.api;
    switch (kind) {
      case "word":
        return ScriptElementKind.keyword;
      case "parameter":
        return ScriptElementKind.parameterElement;
      case "argument":
      case "member":
        return ScriptElementKind.memberVariableElement;
      case "value":
        return ScriptElementKind.string;
    }
  }
}

const textPart = (text: string): ts.SymbolDisplayPart => ({ text, kind: "text" });

const spanOf = ({ found }: Place, { start, end }: { readonly start: number; readonly end: number }): ts.TextSpan => ({
  start: found.start + start,
  length: end - start,
});
