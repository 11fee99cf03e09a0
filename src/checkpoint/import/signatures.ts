/**
 * What a file looks like that no importer reads: kinds of flows, libraries and other networks, by the names of their tensors
 * and classes. It is asked only after the importers, and takes no file from them. What it says is what the names show.
 */
import { range } from '../../base/order';
import { several, shortened } from '../../base/user-error';
import { readContextNet } from './context-net';
import type { TensorFile } from './types';
import { readOrWhy } from './unread';

/** What a message is built on; any part may be empty. */
export interface Seen {
  tensors: TensorFile['tensors'];
  extras: TensorFile['extras'];
  /** Classes of its objects, or names that its pickle mentions: "zuko.flows.continuous.FFJTransform". */
  classes: readonly string[];
}

/**
 * - after "It looks like ": what it is
 * - what shows it: a name of a tensor, or what the function finds, after "by "
 * - what to do, in sentences
 */
type Signature = readonly [
  kind: string | ((seen: Seen) => string),
  shows: RegExp | ((seen: Seen) => string | undefined),
  advice: string,
];

const intro = 'To look into it all the same, record it in Python: import flowscope;';
const recorded = 'Then open model.flowrec.safetensors.';
const calls = (call: string): string => `${intro} ${call}. ${recorded}`;
const recordOf = (flow: string, input = 'x'): string =>
  `flowscope.record(${flow}, ${input}, path="model.flowrec.safetensors")`;

/** Flows that it takes as they are; x is a batch of their data. */
const record = calls(recordOf('flow'));
const recordSbi =
  `${record} In a posterior of sbi, flow is posterior.posterior_estimator.net, x is theta, and ` +
  'posterior.posterior_estimator.embedding_net(x) is the context.';
const recordSteps = calls(
  'steps = [flowscope.Step(str(i), lambda h, c, f=f: f(h), lambda y, c, f=f: f.inverse(y)) for i, f in enumerate(layers)], ' +
    `from data to latent, where f(h) gives (y, log_det); ${recordOf('steps')}`,
);
const recordField = calls(
  'ode = flowscope.Step("ode", lambda h, c: to_latent(h), lambda z, c: to_data(z)), where to_latent solves its equation ' +
    `and gives (z, log_det); ${recordOf('[ode]')}`,
);
/** Transforms of PyTorch's distributions, which run from latent to data. */
const recordTransforms = calls(
  'steps = [flowscope.Step(str(i), lambda h, c, t=t: (t.inv(h), t.inv.log_abs_det_jacobian(h, t.inv(h))), lambda z, c, t=t: t(z)) ' +
    `for i, t in reversed(list(enumerate(transforms)))]; ${recordOf('steps')}`,
);
const recordBlocks = calls(
  'steps = [flowscope.Step(str(i), lambda h, c, b=b: ((r := b(h))[0], r[1] * h[0].numel()), lambda z, c, b=b: b.reverse(z), module=b) ' +
    `for i, b in enumerate(model.blocks)]; ${recordOf('steps')}`,
);
/** Libraries of JAX, Keras and TensorFlow. */
const write =
  'To look into it all the same, run it on a batch x where it was made and write what its layers gave, from data to latent: ' +
  'import flowscope; layers = [flowscope.recording.Layer(name="0", output=z, log_det=log_det)]; ' +
  `flowscope.recording.write("model", x=x, layers=layers). ${recorded}`;
export const recordSbiField = calls(recordOf('posterior', 'theta, x'));
const recordOne = (flow: string): string =>
  calls(`${recordOf(flow, 'features')} for one of them, with features as the network before it gives them`);
const noLayers = 'It has no layers that could be shown.';
const saveStateDict = 'Save its tensors: torch.save(model.state_dict(), "model.pt").';

/** What to do with a flow that is not read, of the library that it comes closest to. */
export const adviceFor: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['nflows', 'normflows', 'zuko', 'FrEIA'].map((name) => [name, ` ${record}`])),
  ...Object.fromEntries(['flowjax', 'BayesFlow'].map((name) => [name, ` ${write}`])),
};

/** Also for folders of it. */
export const joinDcp =
  'Join its files into one: from torch.distributed.checkpoint.format_utils import dcp_to_torch_save; ' +
  'dcp_to_torch_save("FOLDER", "model.pt"). Then open model.pt.';
export const joinDeepSpeed =
  'Its script zero_to_fp32.py, which lies in its folder, joins the files: python zero_to_fp32.py . joined. Then open what it writes.';

/** Several kinds with the same advice, by what shows them. */
const advised = <Shows extends Signature[1]>(advice: string, kinds: Readonly<Record<string, Shows>>) =>
  Object.entries(kinds).map(([kind, shows]) => [kind, shows, advice] as const);

/** By classes, before names; the first one that fits counts: a part of a library comes before the library. */
const ofClasses: readonly (readonly [kind: Signature[0], name: RegExp, advice: string])[] = [
  [
    'an ensemble of posteriors of sbi (EnsemblePosterior): several flows',
    /^sbi\..*\.EnsemblePosterior$/,
    'Save one of its members: torch.save(posterior.posteriors[0], "member.pt").',
  ],
  [
    (seen) => `a posterior of sbi by flow matching (FMPE)${unreadOfField(seen)}`,
    /^sbi\..*\.(FlowMatching\w*|FMPE)$/,
    recordSbiField,
  ],
  ...advised(recordSbiField, {
    'a posterior of sbi by its score (NPSE, a diffusion)': /^sbi\..*\.(\w*ScoreEstimator|NPSE)$/,
    'a posterior of sbi over a vector field (FMPE or NPSE)': /^sbi\..*\.\w*VectorField\w*$/,
  }),
  ['a model of TabPFN, which has no layers of a flow', /tabpfn/i, noLayers],
  [
    'an estimator of sbi for discrete and continuous data (MNLE, MNPE)',
    /^sbi\..*\.(Mixed\w+|Categorical\w+)$/,
    'Its continuous part is a flow: torch.save(estimator.continuous_net, "continuous.pt") saves it alone.',
  ],
  ...advised(noLayers, {
    'a mixture density network (MDN) of sbi, a mixture of Gaussians':
      /^(sbi|pyknos)\..*\.(\w*MDN|MixtureDensityEstimator|MoG\w*)$/,
    'a ratio estimator of sbi (NRE), which is a classifier': /^sbi\..*\.\w*Ratio\w*$/,
  }),
  ['a distributed checkpoint of PyTorch (torch DCP)', /^torch\.distributed\.checkpoint\./, joinDcp],
  [
    'one shard of a model that was trained in several processes (FSDP, DTensor)',
    /^torch\.distributed\.\w+(\.\w+)*\.\w*(Tensor|Shard)\w*$/,
    'Save the whole from all processes: from torch.distributed.checkpoint.state_dict import get_model_state_dict, StateDictOptions; ' +
      'state = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True)); ' +
      'torch.save(state, "model.pt") in the first one.',
  ],
  ['a checkpoint of DeepSpeed', /^deepspeed\./, joinDeepSpeed],
  ['a program of torch.export or torch.fx', /^torch\.(export|fx)\./, saveStateDict],
  ['a flow or guide of Pyro', /^pyro\./, recordTransforms],
  ['a flow or guide of NumPyro', /^numpyro\./, write],
  ['a flow of Distrax or another object of Haiku', /^(distrax|haiku)\./, write],
  ['a flow of TensorFlow Probability', /^tensorflow_probability\./, write],
  [
    'a pickled flow of flowjax',
    /^flowjax\./,
    'Save its leaves, with its arguments in flow_kwargs.json in the same folder: equinox.tree_serialise_leaves("flow.eqx", flow).',
  ],
  ['a model of Flax or Equinox', /^(flax|equinox)\./, write],
  ['a flow of bgflow', /^bgflow\./, recordSteps],
  ['a flow of jammy_flows', /^jammy_flows\./, recordSteps],
  ['a flow of torchflows', /^torchflows\./, recordSteps],
  ['a flow of MadNIS', /^madnis\./, recordSteps],
  ['a continuous flow or flow matching', /^(torchcfm|flow_matching|torchdiffeq|torchdyn)\./, recordField],
  ['a network of diffusers', /^diffusers\./, recordField],
  ['a model of anomalib', /^anomalib\./, saveStateDict],
  ['a model of dingo', /^dingo\./, saveStateDict],
];

/** By names and sizes; who uses a library comes before it. */
const signatures: readonly Signature[] = [
  // sbi's state dicts.
  [
    (seen) => `a network of sbi for a vector field (FMPE or NPSE)${unreadOfField(seen)}`,
    /(^|\.)net\.(time_emb\.div_term|time_linear_layer\.|global_mlp\.)/,
    recordSbiField,
  ],
  [
    'a mixture density network (MDN) of sbi, a mixture of Gaussians',
    /(^|\.)_unconstrained_diagonal_layer\./,
    noLayers,
  ],

  // zuko.
  [
    'a continuous flow (CNF) of zuko, an ODE, among other transforms, with another base or of more than 64 features',
    /(^|\.)transform\.(transforms\.\d+\.)?ode\.\d+\.(weight|bias)$/,
    record,
  ],
  [
    ofSbi('an unconstrained neural autoregressive flow (UNAF) of zuko'),
    /\.univariate\.integrand\.\d/,
    recordSbi,
  ],
  [ofSbi('a neural autoregressive flow (NAF) of zuko'), /\.univariate\.network\.\d/, recordSbi],
  [
    'a flow of zuko with residual networks (residual=True) whose layers are not all of one width',
    ({ tensors }) => tensorNamed([...tensors.keys()].find((name) => isBetweenBlocks(name, tensors))),
    record,
  ],
  [
    'a flow of zuko that moves each feature by itself, with more than activations between the layers of its networks (normalize=True)',
    ({ tensors }) => {
      const name = find(tensors, /\.transforms\.\d+\.hyper\.3\.weight$/);
      return name !== undefined && tensors.get(name)!.shape.length === 2 ? tensorNamed(name) : undefined;
    },
    record,
  ],
  [
    'a mixture of Gaussians of zuko (GMM)',
    ({ tensors }) =>
      [...tensors.keys()].every((name) => /^phi\.[0-3]$/.test(name)) ? first(tensors) : undefined,
    noLayers,
  ],

  // normflows.
  ['a residual flow of normflows (invertible ResNet)', /(^|\.)flows\.\d+\.iresblock\./, record],
  [
    'a flow of normflows with radial layers',
    /(^|\.)flows\.\d+\.z_0$/,
    'They lead from latent to data only, so that normflows gives no density of data either.',
  ],
  ...advised(record, {
    'a flow of normflows with planar layers': planar,
    'a flow of normflows with Hamiltonian Monte Carlo, whose layers are random':
      /(^|\.)flows\.\d+\.log_step_size$/,
    'a flow of normflows with circular features (circular splines)':
      /(^|\.)(q0\.ind_|flows\.\d+\.m?prq[ca]t\.(.*\.)?preprocessing\..*|flows\.\d+\.m?prq[ca]t\.tail_bound)$/,
    // Those of a Glow are in blocks of their own, flows.0.1.flows.1.log_S.
    'a flow of normflows with InvertibleAffine layers': /^flows\.\d+\.(sign_S|log_S)$/,
  }),

  // nflows.
  ...advised(record, {
    'a flow of nflows with integrated networks (UMNN)': /\.transformer\.(net|integrand\w*|parallel_nets)\.\d/,
    'a flow of nflows with a spline for each feature by itself (PiecewiseRationalQuadraticCDF or another CDF)':
      /_transforms\.\d+\.(unnormalized_(pdf|widths|heights)|unnorm_derivatives_\w+)$/,
    'a flow of nflows with a resampled base (LARS)': /(^|\.)_distribution\._log_z$/,
    'a flow of nflows with a mixture as its base (MADEMoG)': /(^|\.)_distribution\._made\./,
  }),

  // Several flows with a network that sees images, of the layers of FrEIA.
  [
    countOf('a FastFlow', 'fast_flow_blocks'),
    /(^|\.)fast_flow_blocks\.\d+\./,
    recordOne('model.fast_flow_blocks[0]'),
  ],
  [countOf('a FastFlow', 'nf_flows'), /(^|\.)nf_flows\.\d+\.module_list\./, recordOne('model.nf_flows[0]')],
  [countOf('a CFLOW', 'decoders'), /(^|\.)decoders\.\d+\.module_list\./, recordOne('model.decoders[0]')],
  [
    'a CS-Flow, whose couplings see several scales at once',
    /(^|\.)(conv_scale\d_\d|(up|down)_conv\d\d)(\.|$)/,
    recordSteps,
  ],
  [
    'a flow behind a network that gives its features, as U-Flow, PatchFlow, MSFlow and DifferNet are',
    ({ tensors }) => {
      const net = find(tensors, /(^|\.)(feature_extractor|extractor|backbone|encoder)\./);
      const flow = find(tensors, /\.?module_list\.\d+\./);
      return net !== undefined && flow !== undefined
        ? `the tensors ${shortened(flow)} and ${shortened(net)}`
        : undefined;
    },
    recordOne('model.flow'),
  ],
  ['an invertible ResNet of FrEIA (IResNetLayer)', /(^|\.)module_list\.\d+\.residual\.\d+\./, record],
  ['a flow of FrEIA with NICECouplingBlock', /(^|\.)module_list\.\d+\.F\.\d+\./, record],
  [
    'a graph of FrEIA with modules that leave no tensors, such as Split, Concat, Reshape or a fixed transform; which ones, the file does not say',
    ({ tensors }) => gapOfFreia(tensors),
    `${record} Of a graph that is no chain, give a list of flowscope.Step.`,
  ],

  // BayesFlow.
  [
    ({ extras }) => `a posterior of BayesFlow with a summary network (${classAt(extras, 'summary_network')})`,
    ({ extras }) =>
      isBayesflow(extras) && classAt(extras, 'summary_network') !== '' ? 'its config' : undefined,
    write,
  ],
  [
    ({ extras }) =>
      `a posterior of BayesFlow by ${inference[classAt(extras, 'inference_network')] ?? 'another network than a CouplingFlow'} (${classAt(extras, 'inference_network')})`,
    ({ extras }) =>
      isBayesflow(extras) && !['', 'CouplingFlow'].includes(classAt(extras, 'inference_network'))
        ? 'its config'
        : undefined,
    write,
  ],
  [
    ({ extras }) => `a ${shortened(String(extras['class_name']))} of BayesFlow`,
    ({ extras }) =>
      isBayesflow(extras) && extras['class_name'] !== 'ContinuousApproximator' ? 'its config' : undefined,
    write,
  ],
  ...advised(write, {
    'a posterior of BayesFlow with a summary network': /(^|\/)summary_network\//,
    'a posterior of BayesFlow over a vector field (flow matching, diffusion or consistency)':
      /(^|\/)inference_network\/.*\/(time_emb|fourier_emb)\w*\//,
  }),

  // Other libraries of distributions.
  ...advised(recordTransforms, {
    'a flow of Pyro with splines': /(^|\.)unnormalized_lambdas$/,
    'a flow of Pyro with couplings': /(^|\.)\d+\.nn\.layers\.\d+\.weight$/,
    'an autoregressive flow of Pyro': /(^|\.)(arn|nn)\.(layers\.\d+\.mask|permutation|mask_skip)$/,
    'the parameters of a flow or guide of Pyro': /\$\$\$/,
  }),
  ...advised(write, {
    'the parameters of a flow or guide of NumPyro': /\$params(\.|\/|$)|^auto_(arn|bnaf|iaf|loc|scale)/,
    'a masked autoregressive flow of TensorFlow Probability (AutoregressiveNetwork)':
      /(^|\/)autoregressive_network(_\d+)?\//,
    'a flow of TensorFlow Probability': /(^|\/)(real_nvp|masked_autoregressive|masked_dense)\w*\//,
    'the parameters of a model of Haiku, as flows of Distrax are': /~[/.]\w|\/~|(^|\/)linear(_\d+)?[./][wb]$/,
    'the parameters of a model of Flax': /(^|[./])(Dense|Conv|MaskedDense)_\d+[./](kernel|bias)$/,
  }),
  ...advised(recordSteps, {
    'a flow of bgflow':
      /(^|\.)_blocks\.\d+\.(.*\.)?(_shift_transformation|_scale_transformation|_params_net)\./,
    'a flow of torchflows': /(^|\.)(conditioner_transform\.|bijection\.layers\.\d+\.)/,
    'a flow of jammy_flows': /(^|\.)(layer_list\.\d+\.\d+\.|mlp_predictors\.)/,
  }),

  // Vector fields, transformers, speech.
  [
    'a residual flow (invertible ResNet), whose log-det is a series',
    /\.(geom_p|last_n_samples|last_firmom)$/,
    recordSteps,
  ],
  [
    'a continuous flow, an ODE (as FFJORD and torchdiffeq have)',
    /(^|\.)(odefunc|ode_func|ode_net|odenet|ode|cnf|diffeq)\.(.*\.)?\w+$|(^|\.)sqrt_end_time$/,
    recordField,
  ],
  [
    'a TarFlow or STARFlow, whose layers are transformers',
    /(^|\.)blocks\.\d+\.attn_blocks\.\d+\./,
    recordBlocks,
  ],
  ...advised(recordSteps, {
    'the flow of a speech model, as VITS has': /(^|\.)flows\.\d+\.(pre|enc|post)\./,
    'a flow over time, as Glow-TTS and WaveGlow have':
      /(^|\.)(decoder\.flows\.\d+\.(logs|wn|weight|start|end)\b|WN\.\d+\.in_layers\.|convinv\.\d+\.)/,
  }),
  ...advised(recordField, {
    'a U-Net of diffusers, for diffusion or flow matching':
      /(^|\.)(down_blocks|up_blocks|mid_block)\.(\d+\.)?resnets\.\d+\./,
    'a network that sees the time, for diffusion or flow matching':
      /(^|\.)(time_embed|time_mlp|time_embedding|time_embedder|t_embedder)\w*\./,
    'a diffusion transformer, for diffusion or flow matching': /(^|\.)adaLN_modulation\./,
  }),
  [
    'a flow matching or score model of dingo',
    ({ extras }) =>
      Object.entries(extras).some(
        ([key, value]) =>
          /(^|\.)(posterior_model_type|type)$/.test(key) && /^(flow|score)_matching/.test(String(value)),
      )
        ? 'its arguments'
        : undefined,
    recordField,
  ],
  [(seen) => leaves(seen)!.kind, (seen) => leaves(seen)?.shown, write],
  [
    ({ tensors }) => linearNet(tensors)!,
    ({ tensors }) => (linearNet(tensors) ? first(tensors) : undefined),
    recordField,
  ],
];

const inference: Readonly<Record<string, string>> = {
  FlowMatching: 'flow matching',
  OptimalTransportFlowMatching: 'flow matching',
  DiffusionModel: 'diffusion',
  ConsistencyModel: 'a consistency model',
  StableConsistencyModel: 'a consistency model',
};

/** In sentences: what the file looks like and what to do; undefined where nothing in it is known. */
export function looksLike(seen: Seen): string | undefined {
  const says = (what: string, by: string, advice: string): string =>
    `It looks like ${what}, by ${by}. Flowscope does not read these, so it cannot be run. ${advice}`;
  const named = (kind: Signature[0]): string => (typeof kind === 'string' ? kind : kind(seen));
  for (const [kind, pattern, advice] of ofClasses) {
    const className = seen.classes.find((name) => pattern.test(name));
    if (className !== undefined) return says(named(kind), `the class ${shortened(className)}`, advice);
  }
  for (const [kind, shows, advice] of signatures) {
    const by = typeof shows === 'function' ? shows(seen) : tensorNamed(find(seen.tensors, shows));
    if (by !== undefined) return says(named(kind), by, advice);
  }
  return undefined;
}

/** The same of a file. */
export function fileLooksLike({ tensors, extras, modules = [] }: TensorFile): string | undefined {
  return looksLike({ tensors, extras, classes: [...new Set(modules.map(({ object }) => object.className))] });
}

type Tensors = Seen['tensors'];

function find(tensors: Tensors, pattern: RegExp): string | undefined {
  for (const name of tensors.keys()) if (pattern.test(name)) return name;
  return undefined;
}

function tensorNamed(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `the tensor ${shortened(name)}`;
}

const first = (tensors: Tensors): string | undefined => tensorNamed([...tensors.keys()][0]);

/** What of a vector field of sbi is in the way of reading it, where that shows. */
function unreadOfField({ tensors }: Seen): string {
  const has = (pattern: RegExp): boolean => find(tensors, pattern) !== undefined;
  if (has(/(^|\.)net\.global_mlp\./)) {
    const net = has(/(^|\.)net\.blocks\./) ? 'VectorFieldTransformer' : 'VectorFieldAdaMLP';
    return ` whose network is ${net}, and not VectorFieldMLP`;
  }
  const context = readOrWhy(() => readContextNet({ tensors }));
  if (typeof context === 'string') return `, which lacks ${context}`;
  return tensors.size === 0 || has(/(^|\.)mean_0$/) ? '' : ' without mean_0, as before sbi 0.26';
}

/** sbi has flows of other libraries, in objects of its own. */
function ofSbi(kind: string): (seen: Seen) => string {
  return ({ classes }) =>
    classes.some((name) => name.startsWith('sbi.')) ? `${kind} in a posterior of sbi` : kind;
}

/** Between residual blocks of zuko stands a layer only where their widths differ. */
function isBetweenBlocks(name: string, tensors: Tensors): boolean {
  const [, prefix, number] = /^(.*\.transforms\.\d+\.hyper\.)(\d+)\.weight$/.exec(name) ?? [];
  return Number(number) > 0 && tensors.has(`${prefix}${Number(number) + 1}.0.weight`);
}

function countOf(kind: string, list: string): (seen: Seen) => string {
  const pattern = new RegExp(`(?:^|\\.)${list}\\.(\\d+)\\.`);
  return ({ tensors }) => {
    const numbers = new Set([...tensors.keys()].flatMap((name) => pattern.exec(name)?.[1] ?? []));
    return `${kind}: ${several(numbers.size, 'flow')}, one for each scale (${list}), behind a network that gives their features`;
  };
}

function planar({ tensors }: Seen): string | undefined {
  const name = find(tensors, /(^|\.)flows\.\d+\.(flows\.\d+\.)?u$/);
  return name !== undefined && tensors.has(`${name.slice(0, -1)}w`) ? tensorNamed(name) : undefined;
}

function gapOfFreia(tensors: Tensors): string | undefined {
  const numbers = new Set<number>();
  for (const [name, { shape }] of tensors) {
    // Flows of images have fixed layers that are read.
    if (shape.length === 4) return undefined;
    const match = /(?:^|\.)module_list\.(\d{1,4})\./.exec(name);
    if (match) numbers.add(Number(match[1]));
  }
  if (numbers.size === 0) return undefined;
  const gap = range(Math.max(...numbers)).find((number) => !numbers.has(number));
  return gap === undefined ? undefined : `the numbers of its tensors, which leave out module_list.${gap}`;
}

const isBayesflow = ({ module }: Seen['extras']): boolean =>
  typeof module === 'string' && module.startsWith('bayesflow.');

function classAt(extras: Seen['extras'], part: string): string {
  const name = extras[`config.${part}.class_name`];
  return typeof name === 'string' ? shortened(name) : '';
}

const ofFlowjax = ['planar_flow', 'triangular_spline_flow', 'block_neural_autoregressive_flow'];

/** Leaves of flowjax have no names; their arguments tell, or their shapes hint. */
function leaves({ tensors, extras }: Seen): { kind: string; shown: string } | undefined {
  if (!tensors.has('leaf.0')) return undefined;
  const named = Object.values(extras).find((value) => ofFlowjax.includes(String(value)));
  if (named !== undefined) return { kind: `a ${String(named)} of flowjax`, shown: 'its arguments' };
  const shapes = [...tensors.values()].map(({ shape }) => shape);
  const features = shapes.find((shape) => shape.length === 1)?.[0] ?? 0;
  const ofRank = (rank: number) => shapes.filter((shape) => shape.length === rank);
  const squares = ofRank(3).filter((shape) => shape[1] === features);
  const isPlanar = ofRank(3).length === 0 && ofRank(2).some((shape) => shape[1] === 2 * features + 1);
  const isBlocks = ofRank(3).some((shape) => shape[2] === 1 && shape[1]! > features);
  const kind = isPlanar
    ? ofFlowjax[0]
    : isBlocks
      ? ofFlowjax[2]
      : squares.length === ofRank(3).length && squares.length > 3
        ? ofFlowjax[1]
        : undefined;
  if (kind === undefined) return undefined;
  return {
    kind: `a ${kind} of flowjax`,
    shown: 'the shapes of its leaves, which have no names, and without flow_kwargs.json',
  };
}

/** One chain of linear layers and nothing else. */
function linearNet(tensors: Tensors): string | undefined {
  const weights: (readonly number[])[] = [];
  let at: string | undefined;
  for (const [name, { shape }] of tensors) {
    const match = /^(.*\D|)\d+\.(?:linear\.)?(weight|bias)$/.exec(name);
    if (!match || shape.length !== (match[2] === 'weight' ? 2 : 1) || match[1] !== (at ??= match[1]))
      return undefined;
    if (match[2] === 'weight') weights.push(shape);
  }
  if (weights.length < 2 || weights.some((shape, i) => i > 0 && shape[1] !== weights[i - 1]![0]))
    return undefined;
  const [inputs, outputs] = [weights[0]![1]!, weights.at(-1)![0]!];
  const field = inputs === outputs + 1 ? ', as a vector field that sees the time has (flow matching)' : '';
  return `a single network of ${weights.length} linear layers from ${inputs} to ${outputs} numbers${field}; layers of a flow do not show`;
}
