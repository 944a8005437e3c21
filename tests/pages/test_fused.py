"""The exact fma of pages, by sums and products alone, has the bits of the processor's."""

import ctypes

import llvmlite.binding as llvm
import numpy as np
import pytest

from brainsim.jit.machine import load
from brainsim.pages.fused import fma_text

N = 1 << 16
LOOP = """
define i64 @compare(i64 %n, i64 %a_, i64 %b_, i64 %c_, i64 %r_, i64 %s_) {
e:
  %a = inttoptr i64 %a_ to ptr
  %b = inttoptr i64 %b_ to ptr
  %c = inttoptr i64 %c_ to ptr
  %r = inttoptr i64 %r_ to ptr
  %s = inttoptr i64 %s_ to ptr
  br label %l
l:
  %k = phi i64 [0, %e], [%k1, %l]
  %pa = getelementptr double, ptr %a, i64 %k
  %pb = getelementptr double, ptr %b, i64 %k
  %pc = getelementptr double, ptr %c, i64 %k
  %pr = getelementptr double, ptr %r, i64 %k
  %ps = getelementptr double, ptr %s, i64 %k
  %x = load double, ptr %pa
  %y = load double, ptr %pb
  %z = load double, ptr %pc
  %f = call double @llvm.fma.f64(double %x, double %y, double %z)
  %g = call double @bs_fma1(double %x, double %y, double %z)
  store double %f, ptr %pr
  store double %g, ptr %ps
  %k1 = add i64 %k, 1
  %more = icmp ult i64 %k1, %n
  br i1 %more, label %l, label %d
d:
  ret i64 0
}
declare double @llvm.fma.f64(double, double, double)
"""


@pytest.fixture(scope="module")
def compared():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        opt=2, cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), jit=True
    )
    code = machine.emit_object(llvm.parse_assembly(fma_text("exact") + LOOP))
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 6)(load(code, "compare"))

    def bits(a, b, c):
        arrays = [np.ascontiguousarray(x, float) for x in (a, b, c)] + [np.zeros(N), np.zeros(N)]
        function(N, *(array.ctypes.data for array in arrays))
        return arrays[3].view(np.int64), arrays[4].view(np.int64)

    return bits


RNG = np.random.default_rng(1)


def wide(power):
    return RNG.standard_normal(N) * 2.0 ** RNG.integers(-power, power + 1, N)


def whole(bits):
    return RNG.integers(-(1 << bits), 1 << bits, N).astype(float)


A, B = wide(0), wide(0)
CASES = {
    "near 1": (A, B, wide(0)),
    "wide": (wide(60), wide(60), wide(60)),
    "very wide": (wide(400), wide(400), wide(400)),
    "cancelling": (A, B, -A * B),
    "nearly cancelling": (A, B, -A * B * (1 + RNG.integers(-9, 9, N) * 2.0**-52)),
    "halfway": (whole(27), whole(27), whole(53) * 2.0 ** RNG.integers(-4, 4, N)),
    "short": (whole(30), whole(26) * 2.0**-55, whole(3)),
    "large": (np.abs(A) * 2.0 ** RNG.integers(500, 1020, N), wide(60), A * 2.0 ** RNG.integers(400, 1000, N)),
}


@pytest.mark.parametrize("case", CASES)
def test_bits(compared, case):
    expected, found = compared(*CASES[case])
    assert (expected != found).sum() == 0
