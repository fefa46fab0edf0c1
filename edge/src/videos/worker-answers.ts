/** What the object of a video answers its worker. */
import type { Asset, Directive, GenerationCommand, GrowingFingerprint, Lineage, Segment } from '@everframe/shared';

export interface Lease {
  readonly epoch: number;
  readonly lease_ends_at_ms: number;
  /** What the worker is asked to do. */
  readonly directives: readonly Directive[];
}

export interface Claimed extends Lease {
  readonly command: GenerationCommand;
  readonly created_at_ms: number;
  readonly request_id: string | null;
  readonly parent: string | null;
  readonly segments: Segment[];
  readonly fingerprint: GrowingFingerprint | null;
  readonly checkpoint: Asset | null;
  readonly lineage: Lineage | null;
  readonly source: Asset | null;
}

export interface Committed extends Lease {
  readonly commit_id: string;
}
