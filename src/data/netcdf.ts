/** Draws as ArviZ writes them: netCDF-4, which is HDF5. A row is a draw, and one chain follows the other. */
import { inflateSync } from 'node:zlib';
import { Dataset, Filters } from 'jsfive';
import { sizeOf } from '../base/shape';
import { UserError } from '../base/user-error';
import { inHdf5, isHdf5, layoutOf, numberType, objectsIn } from '../files/hdf5';
import { firstBytes, readUnpacked } from '../files/read';
import { type ColumnTable, type ColumnTableOptions, readColumns } from './column-table';
import type { Resources } from './dataset';

/** Numbers of the variables that columns are chosen from: the library makes a list of each. */
const mostValues = 2 ** 24;
const mostColumns = 2 ** 18;
const largestChunk = 2 ** 28;

interface Stored {
  path: string;
  dataset: Dataset;
}

interface Variable extends Stored {
  attributes: Record<string, unknown>;
  /** What holds the coordinates of each dimension. */
  scales: (Stored | undefined)[];
}

/** @throws UserError naming the file, the row and the column */
export async function readNetcdf(file: string, options: ColumnTableOptions, resources: Resources) {
  return readColumns(file, await netcdfTable(file), options, resources);
}

/** @throws UserError for a file that is not netCDF-4, or has no draws */
export async function netcdfTable(file: string): Promise<ColumnTable> {
  if (!isHdf5(await firstBytes(file, 8)))
    throw new UserError(
      `${file}: is no netCDF-4 file, and netCDF-3 is not read. Write it with to_netcdf of ArviZ.`,
    );
  const { buffer: bytes } = Uint8Array.from(await readUnpacked(file));
  const columns = inHdf5(file, () => drawsIn(file, bytes).flatMap((variable) => columnsOf(variable, bytes)));
  const [rows] = columns.map(({ variable }) => sizeOf(variable.dataset.shape.slice(0, 2)));
  const read = new Map<Variable, Dataset['value']>();
  let left = mostValues;
  const checkRoom = (size: number): void => {
    if (size > left)
      throw new UserError(
        `${file}: holds more than ${mostValues} numbers in the variables that are read. Choose columns, or write every tenth ` +
          'draw: idata.sel(draw=slice(None, None, 10)).',
      );
  };
  checkRoom(rows!);
  const valuesOf = (variable: Variable): Dataset['value'] => {
    const size = sizeOf(variable.dataset.shape);
    checkRoom(size);
    left -= size;
    // The library takes half a microsecond for a number where nothing else runs.
    return inHdf5(file, () => boundedValues(variable, bytes), 3000 + Math.ceil(size / 200));
  };
  const readColumn: ColumnTable['groups'][number]['read'] = (column, count, take) => {
    const { variable, place, step, gaps } = columns[column]!;
    const values = read.get(variable) ?? valuesOf(variable);
    read.set(variable, values);
    for (let row = 0; row < count; row++) {
      const value = values[row * step + place];
      take(row, gaps.includes(value) ? NaN : value);
    }
    return Promise.resolve();
  };
  return {
    names: columns.map(({ name }) => name),
    rows: rows!,
    otherThanNumbers: (column) => columns[column]!.other,
    isPlain: (column) => columns[column]!.other === undefined,
    groups: [{ count: rows!, read: readColumn }],
  };
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The variables of the posterior, or of the only group with draws. @throws UserError where there is none */
function drawsIn(file: string, bytes: ArrayBuffer): Variable[] {
  const stored = new Map<unknown, Stored>();
  for (const [address, { path, item }] of objectsIn(bytes))
    if (item instanceof Dataset) stored.set(address, { path, dataset: item });
  const groups = new Map<string, Variable[]>();
  for (const { path, dataset } of stored.values()) {
    if (dataset.shape.length < 2) continue;
    const attributes = dataset._dataobjects.get_attributes();
    const list = attributes.DIMENSION_LIST as unknown[][] | undefined;
    if (!list) throw new Error(`${path} has no dimensions, or more attributes than are read`);
    const scales = list.map((address) => stored.get(address.flat()[0]));
    const [chain, draw] = scales.map((scale) => scale && nameOf(scale.path));
    const group = path.slice(0, -nameOf(path).length);
    if (chain === 'chain' && draw === 'draw')
      groups.set(group, [...(groups.get(group) ?? []), { path, dataset, attributes, scales }]);
  }
  const chosen = groups.get('posterior/') ?? (groups.size === 1 ? [...groups.values()][0] : undefined);
  if (chosen) return chosen;
  const found = groups.size === 0 ? 'no variables' : `variables in ${[...groups.keys()].join(', ')}`;
  throw new UserError(
    `${file}: has ${found} whose first dimensions are chain and draw; expected some in posterior, or in one group alone. ` +
      'Write that group with ArviZ: idata.to_netcdf(path, groups=["posterior"]).',
  );
}

/** One for a scalar, "mu", and otherwise one for each element, "theta[0]", as ArviZ names them. */
function columnsOf(variable: Variable, bytes: ArrayBuffer) {
  const { path, dataset, scales, attributes } = variable;
  const shape = dataset.shape.slice(2);
  const step = sizeOf(shape);
  if (step > mostColumns) throw new Error(`${path} has more than ${mostColumns} columns`);
  const packed = ['scale_factor', 'add_offset', '_Unsigned'].some((name) => name in attributes);
  const other = packed ? 'packed numbers' : numberType(dataset.dtype) ? undefined : 'other values';
  const gaps = [attributes._FillValue, attributes.missing_value].flat();
  return shape
    .map((length, i) => labelsOf(scales[i + 2], length, bytes))
    .reduce((all, labels) => all.flatMap((one) => labels.map((label) => `${one}, ${label}`)), [''])
    .map((label, place) => {
      const name = nameOf(path) + (label && `[${label.slice(2)}]`);
      return { name, variable, place, step, gaps, other };
    });
}

/** The texts or integers of a dimension's coordinates, or else places. */
function labelsOf(scale: Stored | undefined, length: number, bytes: ArrayBuffer): string[] {
  const { shape, dtype } = scale?.dataset ?? {};
  const isLabel = shape?.join() === String(length) && /^VLEN_STRING|^.[iu]/.test(String(dtype));
  return Array.from(scale && isLabel ? boundedValues(scale, bytes) : Array(length).keys(), String);
}

/** The values of a dataset, none of whose parts unpacks to more than it says. */
function boundedValues({ path, dataset }: Stored, bytes: ArrayBuffer): Dataset['value'] {
  const { version, isContiguous, isChunked } = layoutOf(dataset);
  if (isContiguous) return dataset.value;
  if (!isChunked || version > 3) throw new Error(`${path} is not stored as netCDF does`);
  const { chunks, filter_pipeline: filters, _chunk_address: address } = dataset._dataobjects;
  const other = filters?.map((filter) => Number(filter.get('filter_id'))).find((id) => !Filters.has(id));
  if (other !== undefined) throw new Error(`${path} is packed by the HDF5 filter ${other}; expected zlib`);
  // No value in a list takes more than 16 bytes.
  const most = 16 * sizeOf(chunks!);
  if (!(most > 0 && most <= largestChunk)) throw new Error(`${path} has chunks of ${chunks!.join('×')}`);
  const expected = sizeOf(dataset.shape.map((size, axis) => Math.ceil(size / chunks![axis]!)));
  const view = new DataView(bytes);
  const keyBytes = 16 + 8 * dataset.shape.length;
  /** Entries of a tree of chunks, until there are more than the chunks could have. */
  const entriesIn = (at: number, count = 0): number => {
    const entries = view.getUint16(at + 6, true);
    let sum = count + entries;
    for (let i = 0; view.getUint8(at + 5) > 0 && i < entries && sum <= 2 * expected; i++)
      sum = entriesIn(Number(view.getBigUint64(at + 24 + i * (keyBytes + 8) + keyBytes, true)), sum);
    return sum;
  };
  if (entriesIn(address) > 2 * expected) throw new Error(`${path} has more than ${expected} chunks`);
  const inflate = (packed: ArrayBuffer) => inflateSync(new Uint8Array(packed), { maxOutputLength: most });
  Filters.set(1, (packed) => Uint8Array.from(inflate(packed)).buffer);
  return dataset.value;
}
