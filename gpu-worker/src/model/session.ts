/**
 * One ONNX graph, and the only importer of onnxruntime-node. A graph is held to the signature that its caller expects
 * when it is opened, and so is every tensor that goes in or comes out. Runs block the thread that calls them.
 */
import * as ort from 'onnxruntime-node';
import { PackageError } from './model-config.ts';
import { float32, type Tensor } from './tensor.ts';

export type Provider = 'cpu' | 'cuda' | 'webgpu';

export interface SessionOptions {
  readonly provider: Provider;
  /** Threads inside one network. */
  readonly threads: number;
}

/** A dimension is a number, or a name that any number may take as long as it is the same throughout one run. */
type TensorSpec = { readonly dtype: Tensor['dtype']; readonly dims: readonly (number | string)[] };
type Signature<Names extends string = string> = Readonly<Record<Names, TensorSpec>>;

interface Session<Inputs extends string, Outputs extends string> {
  run(inputs: Readonly<Record<Inputs, Tensor>>): Promise<Record<Outputs, Tensor>>;
}

const REMEDIES: Readonly<Record<Provider, string>> = {
  cpu: 'reinstall onnxruntime-node for this platform',
  cuda: 'install the CUDA build of onnxruntime-node and a driver, or choose the provider cpu',
  webgpu: 'run on a machine with a Vulkan, Metal or Direct3D 12 device, or choose the provider cpu',
};

/** @throws PackageError naming `path` when the graph is not what is expected; Error when the provider is not available here */
export async function openSession<Inputs extends string, Outputs extends string>(
  path: string,
  inputs: Signature<Inputs>,
  outputs: Signature<Outputs>,
  options: SessionOptions,
): Promise<Session<Inputs, Outputs>> {
  requireProvider(options.provider);
  const session = await createSession(path, options);
  requireSignature(path, 'input', inputs, session.inputMetadata);
  requireSignature(path, 'output', outputs, session.outputMetadata);

  return {
    async run(feeds) {
      const sizes = new Map<string, number>();
      const tensors: Record<string, ort.Tensor> = {};
      for (const name of keysOf(inputs)) {
        requireTensor(path, name, inputs[name], feeds[name], sizes);
        tensors[name] = new ort.Tensor(feeds[name].dtype, feeds[name].values, feeds[name].dims);
      }
      const fetched = await session.run(tensors).catch((cause: unknown) => {
        const shapes = keysOf(inputs).map((name) => `${name} ${describe(feeds[name])}`);
        throw new Error(`${path} failed on ${shapes.join(', ')}: ${messageOf(cause)}`, { cause });
      });
      const results = {} as Record<Outputs, Tensor>;
      for (const name of keysOf(outputs)) {
        const tensor = fromOrt(fetched[name]);
        requireTensor(path, name, outputs[name], tensor, sizes);
        results[name] = tensor;
      }
      return results;
    },
  };
}

/** Narrows a result whose type the session has already checked. */
export function asFloat32(tensor: Tensor): ReturnType<typeof float32> {
  if (tensor.dtype !== 'float32') throw new TypeError(`expected float32; got ${tensor.dtype}`);
  return tensor;
}

/** A provider that is missing is an error: a CPU that silently stands in for a GPU would be found by its bill. */
function requireProvider(provider: Provider): void {
  const known = ort.listSupportedBackends().map((backend) => backend.name);
  if (!known.includes(provider)) {
    throw new Error(`the execution provider ${provider} is not available here (${known.join(', ')} are); ${REMEDIES[provider]}`);
  }
}

async function createSession(path: string, { provider, threads }: SessionOptions): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(path, {
      executionProviders: [provider],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Spinning threads would take the cores that the encoder needs.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    if (provider === 'cpu') throw new PackageError(path, `cannot be loaded: ${messageOf(cause)}`, { cause });
    throw new Error(`${path} cannot be loaded on ${provider}: ${messageOf(cause)}; if the device is at fault, ${REMEDIES[provider]}`, {
      cause,
    });
  }
}

function requireSignature(
  path: string,
  kind: 'input' | 'output',
  expected: Signature,
  found: readonly ort.InferenceSession.ValueMetadata[],
): void {
  const wanted = keysOf(expected).map((name) => `${name} ${describe(expected[name])}`);
  for (const name of keysOf(expected)) {
    const metadata = found.find((candidate) => candidate.name === name);
    if (!metadata?.isTensor || !matches(expected[name], metadata)) {
      const offered = found.map((value) => (value.isTensor ? `${value.name} ${value.type} [${value.shape}]` : `${value.name} (no tensor)`));
      throw new PackageError(path, `has the ${kind}s ${offered.join(', ')}; model.json asks for ${wanted.join(', ')}`);
    }
  }
  if (found.length !== wanted.length) {
    throw new PackageError(path, `has ${found.length} ${kind}s; model.json asks for ${wanted.join(', ')}`);
  }
}

/** A symbol in the graph fits any expectation; a number must be the expected number. */
function matches(spec: TensorSpec | undefined, { type, shape }: ort.InferenceSession.TensorValueMetadata): boolean {
  return (
    spec?.dtype === type &&
    spec.dims.length === shape.length &&
    shape.every((dim, axis) => typeof dim === 'string' || dim === spec.dims[axis])
  );
}

function requireTensor(path: string, name: string, spec: TensorSpec, tensor: Tensor, sizes: Map<string, number>): void {
  const fits =
    tensor.dtype === spec.dtype &&
    tensor.dims.length === spec.dims.length &&
    spec.dims.every((dim, axis) => {
      const size = tensor.dims[axis] ?? 0;
      if (typeof dim === 'number') return dim === size;
      const known = sizes.get(dim);
      sizes.set(dim, known ?? size);
      return (known ?? size) === size;
    });
  if (!fits) throw new TypeError(`${path}: ${name} must be ${describe(spec)}; got ${describe(tensor)}`);
}

function fromOrt(tensor: ort.Tensor | undefined): Tensor {
  if (tensor?.data instanceof Float32Array) return float32(tensor.dims, tensor.data);
  if (tensor?.data instanceof Uint8Array) return { dtype: 'uint8', dims: tensor.dims, values: tensor.data };
  throw new TypeError(`onnxruntime returned ${tensor?.type ?? 'nothing'}, which no network here yields`);
}

function describe(spec: TensorSpec | undefined): string {
  return spec ? `${spec.dtype} [${spec.dims.join(', ')}]` : 'nothing';
}

function keysOf<Names extends string>(record: Readonly<Record<Names, unknown>>): Names[] {
  return Object.keys(record) as Names[];
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
