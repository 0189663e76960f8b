/**
 * The provider's own directory in the root, and the two directories in it that every change uses.
 */
export const bookkeeping = '.stowage'
export const locksPath = [bookkeeping, 'locks']
export const temporaryPath = [bookkeeping, 'tmp']
export const hiddenPath = [bookkeeping, 'hidden']
