/** Keys that a customer provides (SSE-C), as headers of requests. */
export interface CustomerKey {
  readonly SSECustomerAlgorithm?: string
  readonly SSECustomerKey?: string
}

export const customerKeyOf = (key: string | undefined): CustomerKey =>
  key === undefined ? {} : { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key }
