/** What tests of the inspector need of the window that shows it: VS Code's own, or a browser's page with the engine behind it. */
import type { Frame, Page } from 'playwright-core';

export interface InspectorWindow {
  /** Whose mouse and keyboard are used. */
  readonly page: Page;
  /** Opens a file in the inspector; the frame of the page once it shows what the selector finds. */
  open(file: string, selector: string): Promise<Frame>;
  /** Answers the file dialog that the page asked for. */
  chooseFile(file: string): Promise<void>;
  /** Chooses a file that the list of models does not have, or is not looked for in. */
  chooseModel(file: string): Promise<void>;
  /** Accepts the name that a save dialog proposes, and reads what was written. */
  acceptSave(): Promise<Buffer>;
  /** Turns VS Code's own setting for less motion on or off. */
  reduceMotion(reduced: boolean): Promise<void>;
  /** A picture of the window, kept as an artifact. */
  screenshot(name: string): Promise<void>;
}
