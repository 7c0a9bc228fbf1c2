using Backup.Foundation.Errors;
using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>
/// The database: transactions that are begun again as the drivers' specification says, for a while; reads; and who waits for changes. Every failure of
/// the server becomes a numbered error here, and nowhere else. Thread-safe; owns the client.
/// </summary>
internal sealed class MongoDatabase(MongoClient client, string name, MongoMetadataOptions options)
    : ITransactions,
        IAsyncDisposable
{
    private const string Everything = "everything";

    /// <summary>Longer than a commit waits for a majority.</summary>
    private static readonly TimeSpan CommitWait = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan EndWait = TimeSpan.FromSeconds(3);

    private readonly ServerSessions _sessions = new(options.Clock);
    private readonly Lanes _lanes = new();
    private int _disposed;

    internal MongoClient Client => client;

    internal string Name => name;

    internal ChangeSignals Changes { get; } = new(client, name, options.Clock);

    // The clock first: who gets it is not stopped by others any more, however long its work is, and who does not has lost nothing.
    public Task<T> WriteAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation) =>
        WriteBesideAsync(
            Everything,
            async session =>
                await session.TouchAsync(MongoSchema.Meta, Doc.Id(MongoSchema.Clock))
                    ? await work(session)
                    : throw MetadataErrors.ForeignMongo(name),
            cancellation
        );

    public async Task<T> WriteBesideAsync<T>(
        string lane,
        Func<MongoSession, Task<T>> work,
        CancellationToken cancellation
    )
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using var turn = await _lanes.EnterAsync(lane, cancellation);
        var (result, changed) = await TransactAsync(work, cancellation);
        if (changed)
        {
            Changes.Signal();
        }

        return result;
    }

    public async Task<T> ReadAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        try
        {
            return await work(new MongoSession(new LoneReads(client, name, cancellation)));
        }
        catch (BackupException failure) when (MongoFailures.IsForeign(failure))
        {
            throw MongoFailures.Translate(name, failure);
        }
    }

    public async Task<T> ReadTogetherAsync<T>(Func<MongoSession, Task<T>> work, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return (await TransactAsync(work, cancellation)).Result;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await Changes.DisposeAsync();
        await _sessions.EndAsync(client, EndWait);
        await client.DisposeAsync();
    }

    private async Task<(T Result, bool Changed)> TransactAsync<T>(
        Func<MongoSession, Task<T>> work,
        CancellationToken cancellation
    )
    {
        var started = options.Clock.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            using var transaction = new Transaction(client, name, _sessions, cancellation);
            var failure = default(BackupException);
            try
            {
                var session = new MongoSession(transaction);
                var result = await work(session);
                failure = await CommitAsync(transaction, started);
                if (failure is null)
                {
                    return (result, session.Changed);
                }
            }
            catch (BackupException refused) when (Verdict.IsWorthAnotherTry(refused))
            {
                await transaction.AbortAsync(EndWait, options.Clock);
                failure = refused;
            }
            catch (Exception final)
            {
                await transaction.AbortAsync(EndWait, options.Clock);
                if (final is BackupException known && MongoFailures.IsForeign(known))
                {
                    throw MongoFailures.Translate(name, known);
                }

                throw;
            }

            if (options.Clock.GetElapsedTime(started) > options.RetryFor)
            {
                throw MongoFailures.GivenUp(name, options.RetryFor, failure);
            }

            await Task.Delay(Pause(attempt), options.Clock, cancellation);
        }
    }

    /// <returns>Null where it is durable; else why nothing of it is there, and it may be begun again.</returns>
    /// <exception cref="BackupException">6303: whether it is there could not be found out. Whatever else the server refuses.</exception>
    private async Task<BackupException?> CommitAsync(Transaction transaction, long started)
    {
        for (var attempt = 0; transaction.HasBegun; attempt++)
        {
            // From here on nobody but the server can take it back: who has lost patience would not know what came of it.
            using var limit = new CancellationTokenSource(options.RetryFor + CommitWait, options.Clock);
            try
            {
                await transaction.CommitAsync(limit.Token);
                return null;
            }
            catch (BackupException failure) when (Verdict.IsUndone(failure))
            {
                return failure;
            }
            catch (Exception failure)
                when (failure is OperationCanceledException
                    || (failure is BackupException unknown && Verdict.IsUnknown(unknown))
                )
            {
                if (options.Clock.GetElapsedTime(started) > options.RetryFor)
                {
                    throw MetadataErrors.OutcomeUnknown(name, failure);
                }
            }

            await Task.Delay(Pause(attempt), options.Clock);
        }

        return null;
    }

    /// <summary>5 ms, doubled each time up to half a second; half of it by chance, so that those that were in each other's way part.</summary>
    private static TimeSpan Pause(int attempt)
    {
        var full = Math.Min(500, 5 << Math.Min(attempt, 7));
        return TimeSpan.FromMilliseconds((full / 2.0) + (Random.Shared.NextDouble() * full / 2.0));
    }
}
