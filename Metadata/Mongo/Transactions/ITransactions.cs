namespace Backup.Metadata.Mongo.Transactions;

/// <summary>
/// How the collections are reached. A write is one transaction: all of it is durable on a majority when it completes, or none of it is there. The
/// server isolates transactions by snapshots, which alone would let two of them, each on premises that the other one changes, both be committed.
/// So there are two ways to write, and whoever chooses the second says why it is enough.
/// </summary>
internal interface ITransactions
{
    /// <summary>
    /// Runs <paramref name="work"/> as if no other write of this way were at work anywhere: each changes one and the same document, so that of two
    /// whose snapshots overlap one is begun again.
    /// </summary>
    /// <param name="work">May be run several times; what it did before is taken back then. It keeps nothing but its result.</param>
    /// <param name="cancellation">Good until the commit is sent.</param>
    Task<T> WriteAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation);

    /// <summary>
    /// Runs <paramref name="work"/> beside others: for what comes often, and whose every premise is a document that it changes itself (or
    /// touches: <see cref="MongoSession.TouchAsync"/>), or that never changes again once it is so.
    /// </summary>
    /// <param name="lane">Works of one lane wait for each other in this process, instead of failing each other: what they contend for.</param>
    Task<T> WriteBesideAsync<T>(string lane, Func<MongoSession, Task<T>> work, CancellationToken cancellation);

    /// <summary>Reads what a majority has; each read for itself.</summary>
    Task<T> ReadAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation);

    /// <summary>Reads everything as of one moment.</summary>
    Task<T> ReadTogetherAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation);

    Task WriteAsync(Func<MongoSession, Task> work, CancellationToken cancellation) =>
        WriteAsync(Answering(work), cancellation);

    Task WriteBesideAsync(string lane, Func<MongoSession, Task> work, CancellationToken cancellation) =>
        WriteBesideAsync(lane, Answering(work), cancellation);

    private static Func<MongoSession, Task<bool>> Answering(Func<MongoSession, Task> work) =>
        async session =>
        {
            await work(session);
            return true;
        };
}

/// <summary>
/// Transactions that first make sure that a lease is still the current one: an agent or a daemon that lost it changes nothing. They do not only
/// read the lease: a snapshot would show it as it was, while another one is granted it. They change its document, as the grant does, so
/// that the server lets only one of both be committed, and the other one, begun again, sees what became of it.
/// </summary>
/// <param name="lane">Of whatever changes that lease.</param>
/// <param name="require">Touches the lease; throws where it is another one's.</param>
internal sealed class FencedTransactions(ITransactions inner, string lane, Func<MongoSession, Task> require)
    : ITransactions
{
    public Task<T> WriteAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation) =>
        inner.WriteAsync(Fenced(work), cancellation);

    // All writes under a lease change its document, whatever else they contend for.
    public Task<T> WriteBesideAsync<T>(string own, Func<MongoSession, Task<T>> work, CancellationToken cancellation) =>
        inner.WriteBesideAsync(lane, Fenced(work), cancellation);

    public Task<T> ReadAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation) =>
        inner.ReadAsync(work, cancellation);

    public Task<T> ReadTogetherAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation) =>
        inner.ReadTogetherAsync(work, cancellation);

    private Func<MongoSession, Task<T>> Fenced<T>(Func<MongoSession, Task<T>> work) =>
        async session =>
        {
            await require(session);
            return await work(session);
        };
}
