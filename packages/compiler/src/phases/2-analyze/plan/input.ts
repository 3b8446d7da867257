import type { SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { PackageJson } from "../../../files/package-json.ts";
import type { Directives } from "../../1-parse/directives.ts";
import type { Parsed } from "../../1-parse/parse.ts";
import type { Analysis } from "../model/analysis.ts";
import type { ModuleModel } from "../model/model.ts";

/** What the analysis of one module goes by. */
export interface AnalysisInput {
  readonly parsed: Parsed;
  readonly directives: Directives;
  readonly model: ModuleModel;
  /** What the project knows about this module. */
  readonly analysis: Analysis;
  readonly file: SourceFile;
  readonly root: string;
  /** Without imports and exports it is CommonJS. */
  readonly commonJs: boolean;
  readonly packageJson: () => PackageJson | undefined;
}
