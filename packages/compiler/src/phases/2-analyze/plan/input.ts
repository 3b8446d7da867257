import type { SourceFile } from "../../../diagnostics/diagnostic.ts";
import type { PackageJson } from "../../../files/package-json.ts";
import type { Directives } from "../../1-parse/directives.ts";
import type { Parsed } from "../../1-parse/parse.ts";
import type { Analysis } from "../model/analysis.ts";
import type { ModuleModel } from "../model/model.ts";

/** The input for the analysis of one module. */
export interface AnalysisInput {
  readonly parsed: Parsed;
  readonly directives: Directives;
  readonly model: ModuleModel;
  /** What the project contributes. */
  readonly analysis: Analysis;
  readonly file: SourceFile;
  readonly root: string;
  /** Whether the module is CommonJS if it has no imports and exports. */
  readonly commonJs: boolean;
  readonly packageJson: () => PackageJson | undefined;
}
