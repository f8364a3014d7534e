/** A page: its element stays, `refresh` brings it up to date. Rejects where the node does not answer. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  refresh(): Promise<void>;
}
