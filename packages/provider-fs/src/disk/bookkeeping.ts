/** The directory at the root that is the provider's own, and the two in it that every change uses. */
export const bookkeeping = '.stowage'
export const locksPath = [bookkeeping, 'locks']
export const temporaryPath = [bookkeeping, 'tmp']
