/** Images that come as arrays of bytes: the image settings of the config applied to them. */
import { UserError } from '../../base/user-error';
import type { Examples, Resources } from '../dataset';
import { keepsGeometry, withChannels } from '../picture';
import type { DataConfig } from '../../config/schema';
import type { Opened } from '../opened';
import { imageOptions } from './options';
import { openPictures } from './pictures';

/**
 * Images as the config wants them.
 * @param stored `shape` [H, W, C] of each; `levels` of their pixels, of which only 256 can be reduced to fewer bits, resized or
 *   turned gray
 * @throws UserError for settings that do not go with such images
 */
export async function imageArrays(
  { all, shape, levels, where }: Pick<Opened, 'all' | 'shape'> & { levels: number; where: string },
  config: DataConfig,
  resources: Resources,
): Promise<Pick<Opened, 'kind' | 'shape' | 'levels' | 'all'>> {
  const options = imageOptions(config);
  const opened = { kind: 'image' as const, levels: levels === 256 ? 2 ** options.bits : levels };
  const [height = 0, width = 0, channelsBefore = 1] = shape;
  const channels = options.color === 'gray' ? 1 : options.color === 'rgb' ? 3 : channelsBefore;
  const recolored = channels !== channelsBefore;
  const smooth = options.resize !== undefined || options.size !== undefined || recolored;
  if (levels !== 256 && (options.bits !== 8 || smooth)) {
    throw new UserError(
      `${where}: its pixels have ${levels} values; data.bits, resize, size and color are for 8-bit images.`,
    );
  }
  if (recolored && channelsBefore !== 1 && channelsBefore !== 3) {
    throw new UserError(
      `${where}: its images have ${channelsBefore} channels; data.color ${options.color} needs 1 or 3. Leave it at auto.`,
    );
  }
  if (keepsGeometry(options) && !recolored) {
    const drop = 8 - options.bits;
    if (drop === 0) return { ...opened, all, shape: [...shape] };
    const read: Examples['read'] = async (indices, reading) => {
      const values = await all.read(indices, reading);
      for (let i = 0; i < values.length; i++) values[i] = values[i]! >> drop;
      return values;
    };
    return { ...opened, all: { ...all, read }, shape: [...shape] };
  }
  const pictures = await openPictures(
    {
      count: all.count,
      ...(all.labels ? { labels: all.labels } : {}),
      where: (index) => `${where}: image ${index}`,
      picture: async (index) => {
        const data = Uint8Array.from(await all.read([index]));
        return withChannels({ width, height, channels: channelsBefore, data }, channels);
      },
    },
    options,
    resources,
  );
  return { ...opened, all: pictures.examples, shape: pictures.shape };
}
