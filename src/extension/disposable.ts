/** Anything that can be let go of; VS Code's own are among them. */
export interface Disposable {
  dispose(): void;
}
