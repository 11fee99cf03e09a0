/** Trainings of other software, known by how it lays out its folders: their checkpoints open like any of its files. */
import path from 'node:path';
import { type CancellationToken, type Uri, workspace } from 'vscode';

export type OtherRun = Awaited<ReturnType<typeof runsOf>>[number];
export type OtherCheckpoint = OtherRun['checkpoints'][number];

interface Layout {
  software: string;
  /** Where its checkpoints lie. */
  glob: string;
  /** The run that such a checkpoint belongs to, a folder above it. */
  run: RegExp;
  /** What has to be next to the checkpoints or above them, up to the run's folder; other software has files so named. */
  mark?: string;
}

/** A kind of run is one entry. */
const layouts: Layout[] = [
  { software: 'Lightning', glob: '**/version_*/**/*.ckpt', run: /^.*\/version_[^/]+(?=\/)/ },
  {
    software: 'nessai',
    glob: '**/{proposal,levels}/**/model.pt',
    run: /^.*(?=\/(proposal|levels)\/)/,
    mark: 'flow_config.json',
  },
];

const mostFiles = 500;
const ignored = '**/{node_modules,.git}/**';

/** The runs of other software in the workspace, newest first. */
export async function findOtherRuns(token?: CancellationToken): Promise<OtherRun[]> {
  const found = await Promise.all(layouts.map((layout) => runsOf(layout, token)));
  const newest = (run: OtherRun) => run.checkpoints[0]?.updated ?? 0;
  return found.flat().sort((a, b) => newest(b) - newest(a));
}

async function runsOf({ software, glob, run, mark }: Layout, token?: CancellationToken) {
  const [files, marks] = await Promise.all([
    workspace.findFiles(glob, ignored, mostFiles, token),
    mark === undefined ? undefined : workspace.findFiles(`**/${mark}`, ignored, mostFiles, token),
  ]);
  const marked = marks?.map((file) => path.posix.dirname(file.path));
  const byFolder = new Map<string, Uri[]>();
  for (const file of files) {
    const folder = run.exec(file.path)?.[0];
    if (folder === undefined) continue;
    if (marked && !marked.some((at) => at.startsWith(`${folder}/`) && file.path.startsWith(`${at}/`)))
      continue;
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), file]);
  }
  return Promise.all(
    [...byFolder].map(async ([folder, inIt]) => ({
      /** Title in the view: the folder that its user named. */
      name: nameOf(folder),
      uri: inIt[0]!.with({ path: folder }),
      software,
      /** Newest first. */
      checkpoints: await checkpointsIn(folder, inIt),
    })),
  );
}

/** A number alone says nothing: the folder above is named with it. */
function nameOf(folder: string): string {
  const name = path.posix.basename(folder);
  return /^version_\d+$/.test(name) ? `${path.posix.basename(path.posix.dirname(folder))}/${name}` : name;
}

async function checkpointsIn(folder: string, files: Uri[]) {
  const all = await Promise.all(
    files.map(async (uri) => {
      const stat = await workspace.fs.stat(uri).then(undefined, () => undefined);
      /** Path within the run. */
      const name = path.posix.relative(folder, uri.path);
      /** Milliseconds since 1970. */
      const updated = stat?.mtime ?? 0;
      return { uri, name, bytes: stat?.size ?? 0, updated };
    }),
  );
  const byName = new Intl.Collator(undefined, { numeric: true });
  return all.sort((a, b) => b.updated - a.updated || byName.compare(b.name, a.name));
}
