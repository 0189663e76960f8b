/**
 * What requests want to do: the stable names that `authorize` is asked with, those of the Node API. A copy asks for `download` of the
 * source and `putFile` of the target; a move also for `removeFile` of the source; a batch removal for `removeFile` of each file.
 */
export type Action =
  | 'getContainers'
  | 'getContainer'
  | 'createContainer'
  | 'destroyContainer'
  | 'getFiles'
  | 'getFile'
  | 'removeFile'
  | 'upload'
  | 'download'
  | 'putFile'
