/** The run that the toy flow lies in: measurements by formula, checkpoints, and a training that does as it is told. */
import type { ControlRequest } from '../../../src/config/control';
import type { CheckpointInfo } from '../../../src/protocol/model';
import { metricNames, type CurvesQuery, type MetricName, type RunCurves } from '../../../src/protocol/run';
import type { ToyFlow } from './toy-flow';

export const toySteps = [80, 160, 240];

export function toyPath(step: number): string {
  return `/toy/checkpoints/step-${String(step).padStart(8, '0')}.flow.safetensors`;
}

export function toyCheckpoints(steps: readonly number[]): CheckpointInfo[] {
  return steps.map((step) => ({
    path: toyPath(step),
    step,
    validationNats: 160 - step / 10,
    best: step === 240,
  }));
}

/** Row i of the toy's metrics; NaN where nothing is measured. */
export function toyRow(i: number, every: number): Record<MetricName | 'step', number> {
  const decay = Math.exp(-i / (5 * (every / 10)));
  const wave = Math.sin(12.9898 * (i + 1)) * 0.05;
  const validates = i % 4 === 3;
  return {
    step: (i + 1) * 10,
    seconds: (i + 1) * 0.5,
    trainNats: 60 + 100 * decay + 20 * wave,
    validationNats: validates ? 62 + 100 * decay : NaN,
    trainBitsPerDim: 2 + 2 * decay + wave,
    validationBitsPerDim: validates ? 2.1 + 2 * decay : NaN,
    prior: NaN,
    logDet: NaN,
    preprocessing: NaN,
    gradientNorm: 3 * Math.exp(8 * wave),
    learningRate: i < 12 ? 1e-3 : 5e-4,
    examplesPerSecond: NaN,
    epoch: NaN,
  };
}

export class ToyRun {
  status: RunCurves['status'] = 'finished';
  message: string | undefined = 'All steps are done.';
  checkpoints = toyCheckpoints(toySteps);
  rates = [{ step: 130, learningRate: 5e-4 }];
  /** The file is another one, as after a resume. */
  source = 1;
  /** Requests as they came. */
  requests: ControlRequest[] = [];
  /** Whether requests are heard at once. */
  listens = true;
  private asked: string | undefined;
  private answered: RunCurves['answered'];

  constructor(
    private readonly flow: ToyFlow,
    public rows = 24,
  ) {}

  curves({ after }: CurvesQuery): RunCurves {
    const start = after?.source === this.source ? Math.min(after.rows, this.rows) : 0;
    const rows = Array.from({ length: this.rows - start }, (_, i) =>
      toyRow(start + i, this.rows > 100 ? this.rows / 2.4 : 10),
    );
    const columns: RunCurves['columns'] = {};
    for (const name of metricNames) {
      if (name.includes('BitsPerDim') && !this.flow.summary.levels) continue;
      const values = Float32Array.from(rows, (row) => row[name]);
      if (values.some(Number.isFinite)) columns[name] = values;
    }
    return {
      folder: '/toy',
      status: this.status,
      ...(this.message ? { message: this.message } : {}),
      totalSteps: 240,
      source: this.source,
      start,
      steps: Int32Array.from(rows, (row) => row.step),
      columns,
      checkpoints: this.checkpoints,
      rates: this.rates,
      ...(this.answered ? { answered: this.answered } : {}),
      ...(this.asked ? { asked: this.asked } : {}),
    };
  }

  control(request: ControlRequest): { id: string } {
    this.requests.push(request);
    const id = `request-${this.requests.length}`;
    this.asked = id;
    if (!this.listens) return { id };
    const step = this.rows * 10;
    this.answered = { id, step };
    if (request.action === 'pause') this.status = 'paused';
    if (request.action === 'resume') this.status = 'running';
    if (request.action === 'stop') this.status = 'stopped';
    if (request.learningRate !== undefined)
      this.rates = [...this.rates, { step: step + 1, learningRate: request.learningRate }];
    return { id };
  }
}
