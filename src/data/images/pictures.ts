/** Examples that are pictures, each decoded, resized and cropped when it is asked for. */
import { UserError } from '../../base/user-error';
import { checkIndices, type Examples, type Labels, type Resources } from '../dataset';
import type { Order } from '../order';
import { selectLabels } from '../split';
import { eachLimited } from '../../base/limited';
import { unlessDamaged } from '../damaged';
import { Room } from './room';
import { finish, prepare, withBits, type ImageOptions, type Picture } from '../picture';

export interface PictureSource {
  count: number;
  labels?: Labels;
  /** Named in messages. */
  where(index: number): string;
  /**
   * @param hold waits for room for so many bytes, before a picture is decoded
   * @throws UserError
   */
  picture(index: number, hold: (bytes: number) => Promise<void>): Promise<Picture>;
}

export interface Pictures {
  examples: Examples;
  /** [H, W, C] of all. */
  shape: number[];
}

/** Pictures that are decoded at the same time. */
const atOnce = 16;
/** A photo takes 150 MB, the largest picture that is read 200. */
const room = new Room(2 ** 29);

/**
 * Looks at the first picture for the shape that all have to have.
 * @param onDamaged called with the unreadable pictures: all are read now, and those are left out; throws where none is left
 * @throws UserError when the first cannot be read
 */
export async function openPictures(
  source: PictureSource,
  options: ImageOptions,
  resources: Resources,
  onDamaged?: (indices: readonly number[]) => void,
): Promise<Pictures> {
  const kept = new Map<number, Picture>();

  /** Room is held until the picture is small: what comes next waits in line with the decoding of others. */
  const fresh = async (index: number): Promise<Picture> => {
    let release = (): void => undefined;
    const hold = async (bytes: number): Promise<void> => {
      release = await room.take(bytes);
    };
    try {
      return await prepare(await source.picture(index, hold), options, source.where(index));
    } finally {
      release();
    }
  };
  const prepared = async (index: number): Promise<Picture> => {
    const known = kept.get(index);
    if (known) return known;
    const picture = await fresh(index);
    // What fits is kept and never replaced: an epoch sees every picture once, so the latest ones are not the next ones.
    if (!kept.has(index) && resources.reserve(picture.data.length + overhead)) kept.set(index, picture);
    return picture;
  };
  const damaged = onDamaged ? await damagedOf(source.count, prepared, resources.signal) : [];
  onDamaged?.(damaged);
  const places = without(source.count, damaged);
  const finished = async (picture: Picture, index: number, down = 0.5, right = 0.5): Promise<Picture> =>
    options.crop === 'random' ? finish(picture, options, source.where(index), down, right) : picture;

  const first = await finished(await prepared(places.at(0)), places.at(0));
  const shape = [first.height, first.width, first.channels];
  const checked = async (...args: Parameters<typeof finished>): Promise<Picture> => {
    const picture = await finished(...args);
    const { height, width, channels } = picture;
    if (height === shape[0] && width === shape[1] && channels === shape[2]) return picture;
    throw new UserError(
      `${source.where(args[1])}: is ${height}×${width}×${channels}; expected ${shape.join('×')} as ` +
        `${source.where(places.at(0))}. ${oneSize}`,
    );
  };
  const size = first.data.length;
  resources.onClose(() => {
    kept.clear();
    return Promise.resolve();
  });

  const examples: Examples = {
    count: places.length,
    size,
    ...(source.labels ? { labels: selectLabels(source.labels, places) } : {}),
    async read(indices, { crops, signal } = {}) {
      checkIndices(indices, places.length);
      const out = new Float32Array(indices.length * size);
      await eachLimited(
        indices.length,
        atOnce,
        async (i) => {
          const index = places.at(indices[i]!);
          const [down, right] = crops ? [crops[2 * i], crops[2 * i + 1]] : [];
          const { data } = await checked(await prepared(index), index, down, right);
          out.set(data, i * size);
        },
        signal,
      );
      return out;
    },
    ...(options.crop === 'random' && {
      async whole(index: number) {
        const picture = await prepared(places.at(index));
        await checked(picture, places.at(index));
        return withBits(picture, options.bits);
      },
    }),
  };
  return { examples, shape };
}

/** Positions below `count` that are not among some others, in order. */
function without(count: number, left: readonly number[]): Order {
  if (left.length === 0) return { length: count, at: (index) => index };
  const out = new Set(left);
  const stay = Array.from({ length: count }, (_, index) => index).filter((index) => !out.has(index));
  return { length: stay.length, at: (index) => stay[index]! };
}

async function damagedOf(
  count: number,
  read: (index: number) => Promise<Picture>,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const indices: number[] = [];
  await eachLimited(
    count,
    atOnce,
    async (index) => {
      if (!(await unlessDamaged(() => read(index)))) indices.push(index);
    },
    signal,
  );
  return indices.sort((a, b) => a - b);
}

/** What to do about images of different sizes. */
export const oneSize =
  'Choose a size that all are scaled to, such as 32 (--image-size, or data.size in a config).';

/** Approximate bytes that an entry of the map takes in addition to its pixels. */
const overhead = 200;
