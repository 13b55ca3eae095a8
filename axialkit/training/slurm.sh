#!/usr/bin/env bash
#SBATCH --job-name=axialkit
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
#
# One training on the nodes of a SLURM job:
#
#   sbatch axialkit/training/slurm.sh axial_swidernet_1_1_1 \
#     --train.init-from imagenet --train.workers 6 --data DATA --out SHARED/run
#
# What follows the script's name are the words of `axialkit train`. Options of sbatch before it
# replace the lines above: sbatch --nodes=2 --gpus-per-node=4 axialkit/training/slurm.sh ...
# Two minutes before the time is up, SLURM asks the run to stop: it writes a checkpoint and the
# job ends. Submit the same line again and it goes on. A job that SLURM requeues goes on by itself.
#
# PYTHON         the Python that axialkit is installed in                       (python)
# AXIALKIT       the folder with these scripts; sbatch runs a copy of this one  (axialkit/training)
# PROCESSES ...  as in several_machines.sh, which this one starts on every node
set -euo pipefail

FIRST=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export FIRST MACHINES="$SLURM_JOB_NUM_NODES"
export PORT="${PORT:-$((20000 + SLURM_JOB_ID % 20000))}"

# every node asks itself whether it is the first: its number is 0
exec srun bash -c 'IS_FIRST=$((SLURM_NODEID == 0)) exec bash "$0" "$@"' \
  "${AXIALKIT:-axialkit/training}/several_machines.sh" "$@"
