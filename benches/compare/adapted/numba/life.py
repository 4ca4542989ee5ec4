"""Boards are arrays."""

import numpy as np
from numba import njit


@njit
def core(board, generations):
    height, width = board.shape
    for _ in range(generations):
        following = np.zeros_like(board)
        for y in range(height):
            for x in range(width):
                neighbours = 0
                for dy in (-1, 0, 1):
                    for dx in (-1, 0, 1):
                        if dx or dy:
                            neighbours += board[(y + dy) % height, (x + dx) % width]
                following[y, x] = 1 if neighbours == 3 or (neighbours == 2 and board[y, x]) else 0
        board = following
    return board


def life(board, generations):
    return core(np.array(board, dtype=np.int64), generations).tolist()
