/** The parts of jsfive that are used; it comes without types. Errors are thrown as plain strings. */
declare module 'jsfive' {
  interface DataObjects {
    /** Address of its header, which is its identity. */
    readonly offset: number;
    find_msg_type(type: number): Map<string, unknown>[];
    /** @returns version, dimensions, class of the layout (1 is contiguous), address of its properties */
    _get_data_message_properties(offset: number): [number, number | undefined, number, number];
    get_attributes(): Record<string, unknown>;
  }

  export class Dataset {
    readonly shape: number[];
    /** As numpy has it, "<f4"; an array for texts and references. */
    readonly dtype: string | unknown[];
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
}
