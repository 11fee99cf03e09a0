/** Above this nothing has ever been trained; a typing error is more likely than a wish. */
export const largestLearningRate = 10;
