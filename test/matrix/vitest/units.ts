export interface Size {
  width: number;
  height: number;
}

export enum Unit {
  Centimetres = 'cm²',
}
