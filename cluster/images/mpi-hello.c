// Each rank says who it is, and that it has heard of all others: the sum of their numbers.
#include <mpi.h>
#include <stdio.h>

int main(int count, char **arguments) {
    int rank, size, sum = 0;
    MPI_Init(&count, &arguments);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    printf("rank %d of %d, sum of ranks %d\n", rank, size, sum);
    MPI_Finalize();
    return 0;
}
