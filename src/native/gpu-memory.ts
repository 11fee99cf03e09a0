/** How much memory the GPU has, asked of the system: ONNX Runtime does not tell. */
import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { firstWorking } from './run-command';

/** Megabytes, for machines on which nothing tells. */
const variable = 'FLOWSCOPE_GPU_MEMORY';

/** What the kernel of Linux tells of GPUs from AMD. */
const amd = (card: number): string => `/sys/class/drm/card${card}/device/mem_info_vram_total`;

/** In bytes, of the largest GPU; undefined where nothing tells. */
export async function gpuMemory(env: NodeJS.ProcessEnv = process.env): Promise<number | undefined> {
  const megabytes = Number(env[variable]);
  if (megabytes > 0) return 1e6 * megabytes;
  // It is the processor's memory.
  if (process.platform === 'darwin') return totalmem();
  const nvidia = await firstWorking(
    ['nvidia-smi'],
    ['--query-gpu=memory.total', '--format=csv,noheader,nounits'],
  );
  const ofNvidia = nvidia?.output.split('\n').map((line) => 2 ** 20 * Number(line)) ?? [];
  const ofAmd = await Promise.all(
    [0, 1, 2, 3].map(async (card) => Number(await readFile(amd(card), 'utf8').catch(() => 0))),
  );
  const most = Math.max(...[...ofNvidia, ...ofAmd].filter((bytes) => bytes > 0));
  return most > 0 ? most : undefined;
}
