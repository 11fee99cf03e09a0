/** Messages between the page on which data are drawn and the extension host. */

/** Points as x, y, x, y, … in the units of the plane. */
export type DrawnPoints = Float32Array;

/** Implemented by the host, called by the page. */
export interface DrawHost {
  /** Built-in sets of the plane to start from: name and title. */
  builtin(): Promise<{ name: string; title: string }[]>;
  /** Points of a built-in set; `token` names the call for `cancel`. */
  load(name: string, token: string): Promise<DrawnPoints>;
  cancel(token: string): Promise<void>;
  /** Asks where, and writes a CSV. Says the file's name; undefined when the user decided otherwise. */
  save(points: DrawnPoints): Promise<string | undefined>;
  /** Saves, then goes on to training on the file. */
  saveAndTrain(points: DrawnPoints): Promise<string | undefined>;
  showLog(): Promise<void>;
}

/** Fewer do not make a data set: an eighth of them is held out, and a flow is fitted to the rest. */
export const fewestPoints = 20;
/** More are not drawn by hand. */
export const mostPoints = 20_000;
/** The plane that is drawn on reaches from −3 to 3 both ways. */
export const drawnReach = 3;
