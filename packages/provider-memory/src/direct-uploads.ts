/** Direct uploads: clients send parts to URLs which the router of the application serves. */
import { signedUrlMethods } from '@stowage/core/provider'
import type { Memory } from './memory.js'

export const { signPart } = signedUrlMethods(({ signer }: Memory) => signer)
