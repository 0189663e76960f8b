import type { UploadPolicy } from '@stowage/core'
import { GiB } from './content.ts'

const sizeAndTypes = { maxSize: 100 * GiB, types: ['application/pdf', 'image/png'] }

/** The policies that the benchmark compares, by name. */
export const uploadPolicies = {
  'no policy': undefined,
  'sizes and types': sizeAndTypes,
  'content agrees': { ...sizeAndTypes, content: 'agree' },
} as const satisfies Readonly<Record<string, UploadPolicy | undefined>>
