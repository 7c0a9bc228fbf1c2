namespace Backup.Metadata.Sqlite;

/// <summary>How the tables are reached: a write is one transaction, all of it or none.</summary>
internal interface ITransactions
{
    /// <summary>Runs <paramref name="work"/> in one transaction: all of it is durable when this completes, or none of it is there.</summary>
    /// <param name="work">May be run twice; what it did before is taken back then.</param>
    /// <param name="cancellation">Good until the work begins.</param>
    Task<T> WriteAsync<T>(Func<Session, T> work, CancellationToken cancellation);

    Task<T> ReadAsync<T>(Func<Session, T> work, CancellationToken cancellation);

    Task WriteAsync(Action<Session> work, CancellationToken cancellation) =>
        WriteAsync(
            session =>
            {
                work(session);
                return true;
            },
            cancellation
        );
}

/// <summary>Transactions that first make sure that a lease is still the current one: an agent or a daemon that lost it changes nothing.</summary>
internal sealed class FencedTransactions(ITransactions inner, Action<Session> require) : ITransactions
{
    public Task<T> WriteAsync<T>(Func<Session, T> work, CancellationToken cancellation) =>
        inner.WriteAsync(
            session =>
            {
                require(session);
                return work(session);
            },
            cancellation
        );

    public Task<T> ReadAsync<T>(Func<Session, T> work, CancellationToken cancellation) =>
        inner.ReadAsync(work, cancellation);
}
