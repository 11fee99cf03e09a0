/** What installing native TensorFlow would do on a platform, without doing any of it. */
import { knownChecksum, unverifiedVariable } from './checksums';
import { platformKey, tfjsNodeVersion, wheelPlans } from './platform';
import { findSources, prebuiltFiles } from './sources';

export interface PlannedDownload {
  /** An address, or a package on the Python index with its tags. */
  from: string;
  bytes?: number;
  /** Absent where none is known. */
  sha256?: string;
}

/** A rung of the ladder; they are tried in order. */
export interface PlannedRung {
  name: 'prebuilt' | 'wheel' | 'onnxruntime';
  what: string;
  downloads: PlannedDownload[];
  /** Why this rung does not hold there; absent where it is tried. */
  left?: string;
}

/** Platforms that there are packages of the extension for, and those for which tfjs-node publishes files. */
export const plannedPlatforms = [
  'linux-x64',
  'linux-arm64',
  'win32-x64',
  'win32-arm64',
  'darwin-x64',
  'darwin-arm64',
] as const;

/** @throws UserError where tfjs-node's package is not there */
export function planFor(key: string = platformKey(), env: NodeJS.ProcessEnv = process.env): PlannedRung[] {
  return [
    prebuiltRung(key, env),
    wheelRung(key),
    { name: 'onnxruntime', what: 'ONNX Runtime, which is installed already', downloads: [] },
  ];
}

function prebuiltRung(key: string, env: NodeJS.ProcessEnv): PlannedRung {
  const rung = { name: 'prebuilt', what: `prebuilt files of tfjs-node ${tfjsNodeVersion}` } as const;
  const [platform, arch] = key.split('-');
  const files = prebuiltFiles(findSources().tfjsNode, platform, arch, env);
  if (!files) return { ...rung, downloads: [], left: `tfjs-node publishes none for ${key}` };
  const downloads = [files.addon, files.library].map((from) => {
    const sha256 = knownChecksum(from);
    return { from, ...(sha256 ? { sha256 } : {}) };
  });
  const unknown = downloads.some(({ sha256 }) => !sha256) && env[unverifiedVariable] !== '1';
  return {
    ...rung,
    downloads,
    ...(unknown ? { left: `a file has no known checksum; ${unverifiedVariable}=1 trusts its host` } : {}),
  };
}

function wheelRung(key: string): PlannedRung {
  const rung = {
    name: 'wheel',
    what: "libtensorflow of the Python wheel, and tfjs-node's add-on compiled for it",
  } as const;
  const plan = wheelPlans[key];
  if (!plan) return { ...rung, downloads: [], left: `the wheel has no libtensorflow for ${key}` };
  return {
    ...rung,
    what: `${rung.what} with ${plan.compiler.join(', ')} (the first that is there)`,
    downloads: plan.releases.map(({ version, python, platform, bytes, sha256 }) => ({
      from: `${plan.package} ${version}, cp${python}, ${platform}`,
      bytes,
      sha256,
    })),
  };
}
