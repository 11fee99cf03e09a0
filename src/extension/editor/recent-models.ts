/** Model files that were opened or compared lately, which pages may compare with after the window was reloaded too. */
import type { Memento } from 'vscode';

const key = 'flowscope.recentModels';
const most = 20;

export class RecentModels {
  constructor(private readonly state: Memento) {}

  /** Paths, the latest first. */
  get paths(): string[] {
    return this.state.get<string[]>(key, []);
  }

  add(file: string): void {
    const [first, ...rest] = this.paths;
    if (first === file) return;
    const others = first === undefined ? rest : [first, ...rest];
    void this.state.update(key, [file, ...others.filter((known) => known !== file)].slice(0, most));
  }
}
