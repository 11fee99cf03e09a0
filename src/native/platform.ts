/** What the native ladder knows of each platform: names of files and packages, and how the add-on is linked. */

/** The tfjs-node release whose add-on we load. Checked against package.json by a test. */
export const tfjsNodeVersion = '4.22.0';

/** A wheel on the Python index, with its size in bytes and the checksum that the index gives for it. */
export interface Release {
  version: string;
  python: string;
  platform: string;
  bytes: number;
  sha256: string;
}

export interface WheelPlan {
  /** Package on the Python index that carries libtensorflow and its C headers. */
  package: string;
  /** Releases to try, best first. */
  releases: Release[];
  /** The shared libraries inside the wheel's `tensorflow` folder. */
  libraries: string[];
  compiler: string[];
  /** Compiler arguments after the sources. */
  link: string[];
}

const linux = {
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  compiler: ['g++', 'clang++', 'c++'],
  link: ['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', '-Wl,-rpath,$ORIGIN'],
};

/** Wheels by `platform-arch`. Linux x64 is measured; the others follow the same layout and prove themselves by the load test. */
export const wheelPlans: Record<string, WheelPlan> = {
  'linux-x64': {
    ...linux,
    package: 'tensorflow-cpu',
    releases: [
      {
        version: '2.21.0',
        python: '311',
        platform: 'manylinux_2_27_x86_64',
        bytes: 273_829_956,
        sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
      },
      {
        version: '2.15.1',
        python: '311',
        platform: 'manylinux_2_17_x86_64',
        bytes: 207_000_000,
        sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
      },
    ],
  },
  'linux-arm64': {
    ...linux,
    package: 'tensorflow',
    releases: [
      {
        version: '2.21.0',
        python: '311',
        platform: 'manylinux_2_27_aarch64',
        bytes: 280_000_000,
        sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
      },
    ],
  },
  'darwin-arm64': {
    package: 'tensorflow',
    releases: [
      {
        version: '2.21.0',
        python: '311',
        platform: 'macosx_12_0_arm64',
        bytes: 250_000_000,
        sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
      },
    ],
    libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
    compiler: ['clang++', 'g++', 'c++'],
    link: [
      '-undefined',
      'dynamic_lookup',
      'libtensorflow_cc.2.dylib',
      'libtensorflow_framework.2.dylib',
      '-Wl,-rpath,@loader_path',
    ],
  },
};

export function platformKey(platform: string = process.platform, arch: string = process.arch): string {
  return `${platform}-${arch}`;
}
