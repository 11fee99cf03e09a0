/** Files of other libraries: the questions to answer before they become flows. */

/**
 * How other programs write files of tensors. `torch` are those of torch.save, `pickle` any other of Python, `hdf5` and
 * `keras` those of Keras, `eqx` leaves of Equinox, `npz` arrays of NumPy.
 */
export type TensorContainer = 'safetensors' | 'torch' | 'pickle' | 'hdf5' | 'keras' | 'eqx' | 'npz';

/** Something that the file does not hold. The default is the library's own; an empty default, where there is none, is not an answer. */
export interface ImportQuestion {
  /** Unique in the library, for example "imageSize"; also the key in the file next to the checkpoint. */
  key: string;
  title: string;
  /** Why it is asked, and what goes wrong with a wrong answer. */
  detail: string;
  /** The default is no more than a guess: nothing in the file or the library speaks for it, and every number depends on it. */
  guess?: true;
  /** Without an answer the file is not opened, since no default is likelier than the rest. */
  required?: true;
  answer:
    | { kind: 'choice'; options: { value: string; label: string }[]; default: string }
    | {
        kind: 'number';
        default: number;
        integer?: boolean;
        minimum?: number;
        maximum?: number;
        /** That one number is for all of. Where they may be `apart`, "2, 1, 3" is one for each in the order of the file. */
        all?: { count: number; one: string; apart: boolean };
        /** Half of an interval around 0, for which "0, 10" may stand, its ends. */
        interval?: boolean;
      };
}

export type ImportAnswers = Readonly<Record<string, string | number>>;

/** What is known of such a file before it is opened as a flow. */
export interface ImportForm {
  /** For people: "chrischute/real-nvp, 2 scales, 16 channels, 2 blocks". */
  title: string;
  questions: ImportQuestion[];
  /** Complete: what was answered before, else the defaults. */
  answers: ImportAnswers;
  /** False when the user has not answered yet: the moment to ask. */
  answered: boolean;
  /** Absolute path of the file that remembers the answers, next to the checkpoint. */
  sidecar: string;
}
