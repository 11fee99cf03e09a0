/** The parts of jsfive that are used; it comes without types. Errors are thrown as plain strings. */
declare module 'jsfive' {
  interface DataObjects {
    /** Address of its header, which is its identity. */
    readonly offset: number;
    /** Of a dataset in chunks, their shape. */
    readonly chunks: number[] | null;
    readonly _chunk_address: number;
    readonly filter_pipeline: Map<string, unknown>[] | null;
    find_msg_type(type: number): Map<string, unknown>[];
    /** @returns version, dimensions, class of the layout (1 is contiguous), address of its properties */
    _get_data_message_properties(offset: number): [number, number | undefined, number, number];
    /** Those in its header. Numbers come as lists, texts without. */
    get_attributes(): Record<string, unknown>;
    get_links(): Record<string, number | string>;
    /** @returns order of creation, and name and address */
    _decode_link_msg(data: ArrayBuffer, offset: number): [number | undefined, [string, number | string]];
  }

  export class Dataset {
    readonly shape: number[];
    /** As numpy has it, "<f4"; an array for texts and references. Throws for types that are not read. */
    readonly dtype: string | unknown[];
    /** All values in row-major order. One that was never written is a hole. */
    readonly value: (number | string)[];
    readonly _dataobjects: DataObjects;
  }

  export class Group {
    readonly keys: string[];
    /** Addresses by name, and paths of symbolic links. */
    readonly _links: Record<string, number | string>;
    readonly _dataobjects: DataObjects;
    get(name: string): Group | Dataset;
  }

  export class File extends Group {
    constructor(bytes: ArrayBuffer, name: string);
  }

  /** By their number in HDF5: what undoes them. */
  export const Filters: Map<number, (stored: ArrayBuffer, itemSize: number) => ArrayBuffer>;
}
