/**
 * The paths of unfinished uploads on the disk: `uploads/<container>/<id>/` with a description, the
 * parts and their data.
 */
import type { BigIntStats } from 'node:fs'
import { bookkeeping } from '../disk/bookkeeping.js'

export const uploadsPath = [bookkeeping, 'uploads']
export const uploadData = 'data'
export const description = 'upload.json'
/** Held while an upload is completed. */
export const completing = { name: 'completing', note: 'complete an upload' }
export const validId = /^[0-9a-f]{32}$/

/** Returns whether the data has become a file of the container. */
export const isCompleted = (data: BigIntStats | undefined): boolean => data === undefined || data.nlink > 1n
