"""Wide convolutions of an ONNX graph as matrix products: those of 3x3 by Winograd's F(4x4, 3x3), a quarter of the multiplications.

onnxruntime's CPU provider convolves directly. The result is the same up to float rounding. The file keeps the 3x3 weights; their
transform has constant inputs, so the runtime folds it when it loads the graph. Source: Lavin and Gray, arXiv 1509.09308.

All that belongs to one cell lies together, [H, W, N, C], so that rows and columns of cells are read and written by products over a
leading axis. Each convolution is turned into that layout and back; where two meet, the runtime drops both turns.
"""

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

TILE = 4
# B^T, G and A^T of F(4, 3) for the points 0, 1, -1, 2, -2 and infinity
READ = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0], [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
WEIGH = [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]]
WRITE = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
POINTS = len(READ)
PAIRS = POINTS**2
WHOLE = POINTS + 1  # the pair of points (1, 1): what is added there is added to every cell of a tile
WIDE = 128  # channels in or out; where both are fewer the transforms cost more than they save
CELLS_FIRST = [2, 3, 0, 1]  # [N, C, H, W] to [H, W, N, C], and back
PADDING = {1: [0, 0, 0, 0], 3: [1, 1, 1, 1]}


def quicken_convolutions(model: onnx.ModelProto) -> int:
    """Replaces each wide convolution of 1x1 or 3x3 over squares whose side is a multiple of 4, in place; returns how many."""
    shapes = read_shapes(model)
    graph, nodes, count = model.graph, [], 0
    for node in graph.node:
        side = side_of(node, shapes)
        nodes += Products(node, shapes[node.input[1]], side).nodes if side else [node]
        count += side > 0
    del graph.node[:]
    graph.node.extend(nodes)
    return count


def read_shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """0 for an axis of any length."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in (*graph.input, *graph.value_info)}
    return shapes | {weight.name: list(weight.dims) for weight in graph.initializer}


def side_of(node: NodeProto, shapes: dict[str, list[int]]) -> int:
    """Of the squares that a convolution to be replaced reads; 0 for any other node."""
    if node.op_type != "Conv" or len(node.input) < 3:
        return 0
    found = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    out, width, *kernel = shapes[node.input[1]]
    height, side = shapes[node.input[0]][2:]
    usual = {"pads": PADDING.get(kernel[0]), "strides": [1, 1], "dilations": [1, 1], "group": 1, "auto_pad": b"NOTSET"}
    same = all(found.get(name, value) == value for name, value in usual.items())
    square = kernel in ([1, 1], [3, 3]) and height == side and side % TILE == 0
    return side if same and square and max(out, width) >= WIDE else 0


class Products:
    """`nodes` do what the convolution `node` does."""

    def __init__(self, node: NodeProto, weight_shape: list[int], side: int):
        self.node, self.side, self.nodes = node, side, []
        self.out, self.width, kernel, _ = weight_shape
        x = self.add("Transpose", node.input[0], perm=CELLS_FIRST)
        x = self.multiply(x) if kernel == 1 else self.convolve(x)
        self.nodes.append(helper.make_node("Transpose", [x], [node.output[0]], name=f"{node.name}.out", perm=CELLS_FIRST))

    def multiply(self, x: str) -> str:
        """A 1x1 convolution [H, W, N, C] to [H, W, N, D]."""
        weight = self.add("Transpose", self.add("Reshape", self.node.input[1], [self.out, self.width]), perm=[1, 0])
        return self.add("Add", self.add("MatMul", x, weight), self.node.input[2])

    def convolve(self, x: str) -> str:
        """A 3x3 convolution [H, W, N, C] to [H, W, N, D]."""
        side, tiles, width, out, add = self.side, self.side // TILE, self.width, self.out, self.add
        read, write = map(self.constant, line_matrices(side))
        # 1. For each pair of points a matrix [C, D]: a node each, since the runtime packs a matrix when it loads it and a stack at every run
        weight = add("Reshape", add("Transpose", self.node.input[1], perm=[2, 3, 1, 0]), [9, width * out])
        weight = add("MatMul", self.constant(np.kron(WEIGH, WEIGH).astype(np.float32)), weight)
        weights = self.split(add("Reshape", weight, [PAIRS * width, out]))
        # 2. Rows of cells, then columns, to the points of the tiles: [36 * tiles * N, C]
        x = add("Reshape", add("MatMul", read, add("Reshape", x, [side, -1])), [POINTS, tiles, side, -1])
        x = add("Reshape", add("Transpose", x, perm=[0, 2, 1, 3]), [POINTS, side, -1])
        points = self.split(add("Reshape", add("MatMul", read, x), [-1, width]))
        # 3. At each pair of points every channel with every other
        values = [add("MatMul", *pair) for pair in zip(points, weights, strict=True)]
        values[WHOLE] = add("Add", values[WHOLE], self.node.input[2])
        # 4. Back, columns first
        x = add("MatMul", write, add("Reshape", add("Concat", *values, axis=0), [POINTS, POINTS * tiles, -1]))
        x = add("Transpose", add("Reshape", x, [POINTS, side, tiles, -1]), perm=[0, 2, 1, 3])
        return add("Reshape", add("MatMul", write, add("Reshape", x, [POINTS * tiles, -1])), [side, side, -1, out])

    def add(self, operator: str, *inputs: str | list[int], **attributes) -> str:
        """A list is a constant."""
        names = [each if isinstance(each, str) else self.constant(np.array(each, np.int64)) for each in inputs]
        return self.put(operator, names, 1, attributes)[0]

    def split(self, x: str) -> list[str]:
        return self.put("Split", [x], PAIRS, {"axis": 0, "num_outputs": PAIRS})

    def constant(self, values: np.ndarray) -> str:
        return self.put("Constant", [], 1, {"value": numpy_helper.from_array(values)})[0]

    def put(self, operator: str, inputs: list[str], outputs: int, attributes: dict) -> list[str]:
        name = f"{self.node.name}.{len(self.nodes)}"
        names = [f"{name}.{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=name, **attributes))
        return names


def line_matrices(side: int) -> tuple[np.ndarray, np.ndarray]:
    """What reads a line of cells, zeros around it, to its tiles' points [6 * tiles, side]; what writes them back [side, 6 * tiles]."""
    tiles = side // TILE
    read, write = np.zeros((POINTS, tiles, side), np.float32), np.zeros((side, POINTS, tiles), np.float32)
    for tile in range(tiles):
        for offset in range(POINTS):
            cell = TILE * tile + offset - 1
            if 0 <= cell < side:
                read[:, tile, cell] = np.array(READ)[:, offset]
        write[TILE * tile : TILE * (tile + 1), :, tile] = WRITE
    return read.reshape(-1, side), write.reshape(side, -1)
