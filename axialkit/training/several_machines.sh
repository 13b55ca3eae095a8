#!/usr/bin/env bash
# One training on several machines. Start the same line on each of them, in any order:
#
#   FIRST=10.0.0.1 bash axialkit/training/several_machines.sh \
#     axial_swidernet_1_1_1 --train.init-from imagenet --data DATA --out SHARED/run
#
# What follows the script's name are the words of `axialkit train`. All machines need the same
# versions, the data, and one folder for the run that all of them see. If a process dies, all
# machines start again by themselves from the last checkpoint. If a machine dies, start its line
# again; if the first one dies, start all of them again.
#
# FIRST        address of the machine where they meet, as the others reach it
# MACHINES     how many machines                                    (2)
# PROCESSES    how many processes on each: gpu = one per GPU        (gpu)
# PORT         a free port of the first machine                     (29400)
# RESTARTS     how often they start again by themselves             (10)
# HERE         this machine's own address, where it has several
# IS_FIRST     1 on the first machine and 0 elsewhere, where FIRST is not its host name or address
# PYTHON       the Python that axialkit is installed in             (python)
set -euo pipefail

: "${FIRST:?set FIRST to the address of the machine where they meet, such as FIRST=10.0.0.1}"

# Each start needs a store of its own. The one that torch 2.13 keeps for all of them tells the
# addresses of processes that have died, and a machine that joins later never learns where it is.
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"

meeting=(--rdzv-backend c10d --rdzv-id axialkit --rdzv-endpoint "$FIRST:${PORT:-29400}")
if test -n "${IS_FIRST:-}"; then meeting+=(--rdzv-conf "is_host=$IS_FIRST"); fi
if test -n "${HERE:-}"; then meeting+=(--local-addr "$HERE"); fi

exec "${PYTHON:-python}" -m axialkit.training.agent \
  --nnodes "${MACHINES:-2}" --nproc-per-node "${PROCESSES:-gpu}" --max-restarts "${RESTARTS:-10}" \
  "${meeting[@]}" -m axialkit train "$@" --resume
