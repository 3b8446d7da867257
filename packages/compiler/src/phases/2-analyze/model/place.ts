import type { Node, ObjectExpression } from "oxc-parser";
import type { ClassNode } from "../../../syntax/ast.ts";

/** A key that is known here (private ones begin with `#`), or one that is computed, and where its value can be kept. */
export type Key = { readonly text: string } | { readonly computed: Node; readonly keep: Keep };

/** A block, arrow, or the program; or the object or class that has the key, with the name that JavaScript gives to it. */
export interface Keep {
  readonly node: Node;
  readonly named: Key | undefined;
}

/** How a function stands in the source. */
export type Place =
  | { readonly kind: "declaration"; readonly block: Node | undefined; readonly defaultExport: boolean }
  /** `named`: the name that JavaScript gives to it, when it has none itself. */
  | { readonly kind: "expression"; readonly named: Key | undefined }
  | { readonly kind: "method"; readonly key: Key; readonly object: ObjectExpression }
  | {
      readonly kind: "classMethod";
      readonly key: Key;
      readonly of: ClassNode;
      readonly isStatic: boolean;
      readonly decorated: boolean;
    }
  | { readonly kind: "unsupported" | "constructor"; readonly what: string; readonly advice: string };
