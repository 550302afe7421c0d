enum Unit {
  Centimetres = 'cm²',
}
export const unit = () => Unit.Centimetres;
