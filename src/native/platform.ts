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
  /** Libraries that libtensorflow opens when it is loaded, by package: they are next to its folder, as in Python. */
  beside?: Record<string, Release>;
  /** The shared libraries inside the wheel's `tensorflow` folder. */
  libraries: string[];
  compiler: string[];
  /** Compiler arguments after the sources. */
  link: string[];
}

const linuxLink = ['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', '-Wl,-rpath,$ORIGIN'];

const linux = {
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  compiler: ['g++', 'clang++', 'c++'],
  link: linuxLink,
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

/** Set to 1 by a user who wants libtensorflow with CUDA. */
export const cudaVariable = 'FLOWSCOPE_NATIVE_CUDA';

const cudaPlatform = 'linux-x64';

/** What it is, wherever it is offered. */
export const cudaWords =
  "libtensorflow of the Python wheel with CUDA and NVIDIA's libraries, which come under NVIDIA's license; untested on a GPU";

/** Its extra `and-cuda` lists the libraries next to it. It has been loaded and computes on processors; no GPU was at hand. */
export const cudaPlan: WheelPlan & Required<Pick<WheelPlan, 'beside'>> = {
  ...linux,
  package: 'tensorflow',
  releases: [
    {
      version: '2.21.0',
      python: '311',
      platform: 'manylinux_2_27_x86_64',
      bytes: 572_440_367,
      sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    },
  ],
  beside: {
    'nvidia-cublas-cu12': {
      version: '12.9.3.13',
      python: '311',
      platform: 'manylinux_2_27_x86_64',
      bytes: 581_217_458,
      sha256: 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    },
    'nvidia-cuda-cupti-cu12': {
      version: '12.9.79',
      python: '311',
      platform: 'manylinux_2_25_x86_64',
      bytes: 10_814_997,
      sha256: '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
    },
    'nvidia-cuda-nvcc-cu12': {
      version: '12.9.86',
      python: '311',
      platform: 'manylinux_2_12_x86_64',
      bytes: 40_546_229,
      sha256: '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    },
    'nvidia-cuda-nvrtc-cu12': {
      version: '12.9.86',
      python: '311',
      platform: 'manylinux_2_12_x86_64',
      bytes: 89_568_129,
      sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    },
    'nvidia-cuda-runtime-cu12': {
      version: '12.9.79',
      python: '311',
      platform: 'manylinux_2_17_x86_64',
      bytes: 3_493_179,
      sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    },
    'nvidia-cudnn-cu12': {
      version: '9.28.0.42',
      python: '311',
      platform: 'manylinux_2_27_x86_64',
      bytes: 716_538_495,
      sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    },
    'nvidia-cufft-cu12': {
      version: '11.4.1.4',
      python: '311',
      platform: 'manylinux_2_17_x86_64',
      bytes: 200_877_592,
      sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    },
    'nvidia-curand-cu12': {
      version: '10.3.10.19',
      python: '311',
      platform: 'manylinux_2_27_x86_64',
      bytes: 68_295_626,
      sha256: '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
    },
    'nvidia-cusolver-cu12': {
      version: '11.7.5.82',
      python: '311',
      platform: 'manylinux_2_27_x86_64',
      bytes: 338_117_415,
      sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    },
    'nvidia-cusparse-cu12': {
      version: '12.5.10.65',
      python: '311',
      platform: 'manylinux_2_17_x86_64',
      bytes: 366_465_088,
      sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    },
    'nvidia-nccl-cu12': {
      version: '2.32.3',
      python: '311',
      platform: 'manylinux_2_27_x86_64',
      bytes: 351_526_311,
      sha256: 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    },
    'nvidia-nvjitlink-cu12': {
      version: '12.9.86',
      python: '311',
      platform: 'manylinux_2_12_x86_64',
      bytes: 39_748_338,
      sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    },
  },
};

/** The bytes that the first release of a plan takes to download. */
export function downloadBytes({ releases, beside = {} }: WheelPlan): number {
  return [releases[0]!, ...Object.values(beside)].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** @throws Error for a platform without CUDA libraries */
export function checkCuda(key: string = platformKey()): void {
  if (key !== cudaPlatform)
    throw new Error(`TensorFlow with CUDA is published for ${cudaPlatform} only; this is ${key}`);
}

export function platformKey(platform: string = process.platform, arch: string = process.arch): string {
  return `${platform}-${arch}`;
}
