import { PerdureError } from "@perdure/protocol";
import type { ts } from "ts-morph";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { DIRECTIVE_WORDS } from "../../directives/directive.ts";
import { mayHoldDirective } from "../../phases/1-parse/directives.ts";
import { diagnosticNumber, optionProblem } from "../../typescript/diagnostic.ts";
import { Answers } from "./answers.ts";
import { announceFixes, codeFixes } from "./code-fixes.ts";
import { LiveProject } from "./live-project.ts";

/**
 * A plugin of TypeScript's language service: `{ "plugins": [{ "name": "unplugin-perdure/typescript-plugin" }] }` in tsconfig.json. It adds to
 * TypeScript's answers, and does not change them. If it fails, TypeScript's own answer stays and the error is in the server's log.
 */
export default function init({ typescript: api }: { readonly typescript: typeof ts }): ts.server.PluginModule {
  return { create: (info) => create(api, info) };
}

function create(api: typeof ts, info: ts.server.PluginCreateInfo): ts.LanguageService {
  const { languageService: service } = info;
  const log = (text: string): void => info.project.projectService.logger.info(`perdure: ${text}`);
  /** What `find` finds, or `otherwise` if it fails. */
  const attempt = <T>(find: () => T, otherwise: T): T => {
    try {
      return find();
    } catch (error) {
      log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return otherwise;
    }
  };
  const live = projectOf(api, info);
  if (live instanceof PerdureError) return extended(service, { getSemanticDiagnostics: refusing(service, live) });
  attempt(() => announceFixes(api), undefined);
  const answers = new Answers(api, service, live.options.words);
  const diagnosticsOf = (fileName: string): readonly Diagnostic[] => attempt(() => live.diagnostics(fileName), []);

  const own: Partial<ts.LanguageService> = {
    getSemanticDiagnostics: (fileName) => [
      ...service.getSemanticDiagnostics(fileName),
      ...attempt(() => answers.diagnostics(fileName, diagnosticsOf(fileName)), []),
    ],
    getCompletionsAtPosition: (fileName, position, ...rest) =>
      attempt(() => answers.completions(fileName, position), undefined) ??
      service.getCompletionsAtPosition(fileName, position, ...rest),
    getCompletionEntryDetails: (fileName, position, name, ...rest) =>
      attempt(() => answers.completionDetails(fileName, position, name), undefined) ??
      service.getCompletionEntryDetails(fileName, position, name, ...rest),
    getQuickInfoAtPosition: (fileName, position, ...rest) =>
      attempt(() => answers.quickInfo(fileName, position), undefined) ??
      service.getQuickInfoAtPosition(fileName, position, ...rest),
    getDefinitionAndBoundSpan: (fileName, position) =>
      attempt(() => answers.definition(fileName, position), undefined) ??
      service.getDefinitionAndBoundSpan(fileName, position),
    getDefinitionAtPosition: (fileName, position) =>
      attempt(() => answers.definition(fileName, position)?.definitions, undefined) ??
      service.getDefinitionAtPosition(fileName, position),
    getCodeFixesAtPosition: (fileName, start, end, codes, ...rest) => [
      ...service.getCodeFixesAtPosition(
        fileName,
        start,
        end,
        codes.filter((each) => each !== diagnosticNumber),
        ...rest,
      ),
      ...(codes.includes(diagnosticNumber) ? codeFixes(fileName, diagnosticsOf(fileName), start, end) : []),
    ],
  };
  return extended(service, own);
}

/** Other plugins look for its own properties, and may themselves have put some into its prototype. */
const extended = (service: ts.LanguageService, own: Partial<ts.LanguageService>): ts.LanguageService =>
  Object.assign(Object.create(service), service, own);

/** The error is that of an option in tsconfig.json or package.json. */
function projectOf(api: typeof ts, info: ts.server.PluginCreateInfo): LiveProject | PerdureError {
  try {
    return new LiveProject(api, info);
  } catch (error) {
    if (error instanceof PerdureError) return error;
    throw error;
  }
}

/** Says in each file with directives why nothing else is said there. */
const refusing =
  (service: ts.LanguageService, { message }: PerdureError): ts.LanguageService["getSemanticDiagnostics"] =>
  (fileName) => {
    const file = service.getProgram()?.getSourceFile(fileName);
    const own = file && mayHoldDirective(file.text, DIRECTIVE_WORDS) ? [optionProblem(file, message)] : [];
    return [...service.getSemanticDiagnostics(fileName), ...own];
  };
