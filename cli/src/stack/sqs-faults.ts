/** Faults that a test orders for the queue: what a network and a distributed queue do on a bad day. */

export type QueueFault =
  /** The connection closes before the request is read. */
  | { readonly kind: 'drop_request' }
  /** The request takes effect, its answer is lost. */
  | { readonly kind: 'drop_response' }
  /** HTTP 500, without effect. */
  | { readonly kind: 'error' }
  /** The request waits first. */
  | { readonly kind: 'delay'; readonly delay_ms: number }
  /** SendMessage takes effect twice, as a standard queue may. */
  | { readonly kind: 'duplicate' };

export interface QueueFaults {
  /**
   * Orders a fault for the coming requests of one action.
   * @param action for example `SendMessage`
   * @param times @default 1
   */
  add(action: string, fault: QueueFault, times?: number): void;
  clear(): void;
  /** The fault for a request that has just come, if one is ordered. */
  take(action: string): QueueFault | undefined;
}

export function createQueueFaults(): QueueFaults {
  let orders: { action: string; fault: QueueFault; left: number }[] = [];
  return {
    add(action, fault, times = 1) {
      orders.push({ action, fault, left: times });
    },
    clear() {
      orders = [];
    },
    take(action) {
      const order = orders.find((candidate) => candidate.action === action);
      if (!order) return undefined;
      order.left -= 1;
      if (order.left <= 0) orders = orders.filter((candidate) => candidate !== order);
      return order.fault;
    },
  };
}
