/** Signed URLs, which the router of the application serves. */
import { signedUrlMethods } from '@stowage/core/provider'
import type { Memory } from './memory.js'

export const { signUrl, verifyUrl } = signedUrlMethods(({ signer }: Memory) => signer)
