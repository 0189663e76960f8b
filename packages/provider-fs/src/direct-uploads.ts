/** Direct uploads: clients send parts to URLs which the router of the application serves. */
import { signedUrlMethods } from '@stowage/core/provider'
import type { Workspace } from './files/workspace.js'

export const { signPart } = signedUrlMethods(({ options }: Workspace) => options.signer)
