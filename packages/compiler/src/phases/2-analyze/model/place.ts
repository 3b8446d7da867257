import type { Node, ObjectExpression } from "oxc-parser";
import type { ClassNode } from "../../../syntax/ast.ts";

/** A key known statically (a private one begins with `#`), or a computed key and where to keep its value. */
export type Key = { readonly text: string } | { readonly computed: Node; readonly keep: Keep };

/** A block, an arrow function or the program. Otherwise the object or class with the key, and the name that JavaScript assigns to it. */
export interface Keep {
  readonly node: Node;
  readonly named: Key | undefined;
}

/** The syntactic position of a function. */
export type Place =
  | { readonly kind: "declaration"; readonly block: Node | undefined; readonly defaultExport: boolean }
  /** `named`: the name that JavaScript assigns to the function if it has none of its own. */
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
