using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>
/// Writes in the order in which they came, several of them in one transaction: those that come while a commit waits for the disk share the
/// next one, so that many writers do not wait for a fsync each. Each is still all or nothing by itself, and none is told to be done before
/// it is durable. Thread-safe.
/// </summary>
/// <param name="statements">Those of the connection that writes; used by one thread at a time.</param>
/// <param name="signal">Called after a commit that changed something, before the writers are told.</param>
/// <param name="translate">Makes a failure of SQLite a numbered error.</param>
internal sealed class WriteQueue(Statements statements, Action signal, Func<SqliteException, Exception> translate)
{
    /// <summary>Bounds how long the first of a transaction waits for the others.</summary>
    private const int MostTogether = 64;

    private readonly Lock _lock = new();
    private readonly LinkedList<Write> _waiting = new();
    private bool _isWriting;
    private Task _writing = Task.CompletedTask;

    /// <summary>Completes when the work is committed; fails, and nothing of it is there, with what the work or SQLite fails with.</summary>
    public Task<T> RunAsync<T>(Func<Session, T> work, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var write = new Write<T>(work);
        lock (_lock)
        {
            var node = _waiting.AddLast(write);
            if (cancellation.CanBeCanceled)
            {
                write.Registration = cancellation.Register(() => Abandon(node, cancellation));
            }

            if (!_isWriting)
            {
                _isWriting = true;
                // A commit waits for an fsync: not on the caller's thread.
                _writing = Task.Run(WriteAll, CancellationToken.None);
            }
        }

        return write.Result.Task;
    }

    /// <summary>Completes when everything that came is done.</summary>
    public Task IdleAsync()
    {
        lock (_lock)
        {
            return _writing;
        }
    }

    /// <summary>What has not begun yet is left out; what has begun is done.</summary>
    private void Abandon(LinkedListNode<Write> node, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (node.List is null)
            {
                return;
            }

            _waiting.Remove(node);
        }

        node.Value.Cancel(cancellation);
    }

    private void WriteAll()
    {
        while (Take() is { Count: > 0 } writes)
        {
            WriteTogether(writes);
            foreach (var write in writes)
            {
                write.Registration.Dispose();
                write.Tell();
            }
        }
    }

    private List<Write> Take()
    {
        var taken = new List<Write>();
        lock (_lock)
        {
            while (_waiting.First is { } first && taken.Count < MostTogether)
            {
                _waiting.RemoveFirst();
                taken.Add(first.Value);
            }

            _isWriting = taken.Count > 0;
        }

        return taken;
    }

    private void WriteTogether(List<Write> writes)
    {
        if (writes.Count > 1 && TryTransaction(writes, isAlone: false))
        {
            return;
        }

        // SQLite failed under one of them, and took back all: each for itself, so that only the one that fails is told so.
        foreach (var write in writes)
        {
            _ = TryTransaction([write], isAlone: true);
        }
    }

    /// <returns>False where nothing is done and each is to be tried alone.</returns>
    private bool TryTransaction(List<Write> writes, bool isAlone)
    {
        try
        {
            using var transaction = statements.Connection.BeginTransaction(deferred: false);
            foreach (var write in writes)
            {
                write.Do(statements, transaction, isAlone);
            }

            transaction.Commit();
        }
        catch (Exception failure)
        {
            if (isAlone)
            {
                writes[0].Fail(failure is SqliteException known ? translate(known) : failure);
            }

            return isAlone;
        }

        if (writes.Exists(write => write.HasChanged))
        {
            signal();
        }

        return true;
    }

    private abstract class Write
    {
        protected Exception? Failure { get; private set; }

        public CancellationTokenRegistration Registration { get; set; }

        public bool HasChanged { get; private set; }

        /// <summary>Does the work; what fails in the midst of others is undone alone.</summary>
        public void Do(Statements statements, SqliteTransaction transaction, bool isAlone)
        {
            (Failure, HasChanged) = (null, false);
            var session = new Session(statements, transaction);
            if (isAlone)
            {
                Run(session);
                HasChanged = session.Changed;
                return;
            }

            transaction.Save("one");
            try
            {
                Run(session);
                HasChanged = session.Changed;
                transaction.Release("one");
            }
            catch (Exception refused) when (refused is not SqliteException)
            {
                transaction.Rollback("one");
                transaction.Release("one");
                Failure = refused;
            }
        }

        public void Fail(Exception failure) => (Failure, HasChanged) = (failure, false);

        public abstract void Tell();

        public abstract void Cancel(CancellationToken cancellation);

        protected abstract void Run(Session session);
    }

    private sealed class Write<T>(Func<Session, T> work) : Write
    {
        private T _value = default!;

        public TaskCompletionSource<T> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void Tell()
        {
            if (Failure is { } failure)
            {
                Result.TrySetException(failure);
            }
            else
            {
                Result.TrySetResult(_value);
            }
        }

        public override void Cancel(CancellationToken cancellation) => Result.TrySetCanceled(cancellation);

        protected override void Run(Session session) => _value = work(session);
    }
}
