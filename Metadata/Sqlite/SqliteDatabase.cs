using System.Collections.Concurrent;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Sqlite;

/// <summary>
/// The database file: WAL with synchronous=FULL, so that a committed transaction survives a power cut; one writer at a
/// time; readers beside it. Every failure of SQLite becomes a numbered error here, and nowhere else.
/// </summary>
internal sealed class SqliteDatabase : ITransactions, IAsyncDisposable
{
    private const int MaxIdleReaders = 16;
    private const int BusyTimeoutSeconds = 10;
    private const int LogAttempts = 5;

    // Primary result codes; source: https://www.sqlite.org/rescode.html.
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int Corrupt = 11;
    internal const int Full = 13;
    private const int CannotOpen = 14;
    private const int Constraint = 19;
    private const int NotADatabase = 26;

    private readonly string _path;
    private readonly Statements _writer;
    private readonly WriteQueue _writes;
    private readonly ConcurrentBag<Statements> _readers = [];
    private readonly Lock _signal = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _changes;
    private int _disposed;

    private SqliteDatabase(string path, Statements writer)
    {
        _path = path;
        _writer = writer;
        _writes = new WriteQueue(writer, Signal, failure => Translate(path, failure));
    }

    internal long ChangeCount => Interlocked.Read(ref _changes);

    internal static SqliteDatabase Open(string path)
    {
        path = Path.GetFullPath(path);
        SQLitePCL.Batteries_V2.Init();
        try
        {
            MakePrivateFile(path);
            var writer = Connect(path, readOnly: false);
            try
            {
                Migrate(path, writer);
                return new SqliteDatabase(path, writer);
            }
            catch
            {
                writer.Dispose();
                throw;
            }
        }
        catch (SqliteException failure)
        {
            throw Translate(path, failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw MetadataErrors.Unopenable(path, failure);
        }
    }

    /// <param name="work">May be run twice: where another write of the same transaction fails, everything is taken back and begun again.</param>
    /// <param name="cancellation">Good until the work begins.</param>
    public Task<T> WriteAsync<T>(Func<Session, T> work, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return _writes.RunAsync(work, cancellation);
    }

    public Task<T> ReadAsync<T>(Func<Session, T> work, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return Task.Run(() => Read(work), cancellation);
    }

    internal async Task WaitForChangeAsync(
        long seen,
        TimeSpan atMost,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        Task changed;
        lock (_signal)
        {
            if (_changes > seen)
            {
                return;
            }

            changed = _changed.Task;
        }

        try
        {
            await changed.WaitAsync(atMost, time, cancellation);
        }
        catch (TimeoutException)
        {
            // Nothing changed for that long: the caller looks again all the same.
        }
    }

    /// <summary>
    /// Writes every page of the database anew. To overwrite what is removed is not enough: a page that SQLite rebuilds when rows move keeps bytes of them between its
    /// rows. Takes up to twice the room of the file; writers wait meanwhile.
    /// </summary>
    internal Task WriteAnewAsync(CancellationToken cancellation) => Task.Run(WriteAnew, cancellation);

    /// <summary>Brings the write-ahead log into the database, and cuts it to nothing: no page of before is in a file of it when this is back.</summary>
    /// <exception cref="BackupException">6350 where readers kept it from that for about a minute.</exception>
    internal Task EmptyLogAsync(CancellationToken cancellation) => Task.Run(EmptyLog, cancellation);

    /// <summary>The same once; where readers are in the way it is left to the next opening, or to the end of the process.</summary>
    internal Task TryEmptyLogAsync() => Task.Run(() => EmptyLog(attempts: 1));

    /// <summary>Reads everything as of one moment, on a connection of its own, while others read and write.</summary>
    internal Task<T> ReadTogetherAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellation) =>
        Task.Run(
            () =>
            {
                ObjectDisposedException.ThrowIf(_disposed != 0, this);
                try
                {
                    using var statements = Connect(_path, readOnly: true);
                    using var transaction = statements.Connection.BeginTransaction(deferred: true);
                    return work(statements.Connection);
                }
                catch (SqliteException failure)
                {
                    throw Translate(_path, failure);
                }
            },
            cancellation
        );

    private void WriteAnew()
    {
        try
        {
            using var statements = Connect(_path, readOnly: false);
            new Session(statements, null).Execute("VACUUM");
        }
        catch (SqliteException failure)
        {
            throw Translate(_path, failure);
        }
    }

    private void EmptyLog()
    {
        if (!EmptyLog(LogAttempts))
        {
            throw MetadataErrors.NotSwept(_path);
        }
    }

    /// <returns>Whether it is empty.</returns>
    private bool EmptyLog(int attempts)
    {
        try
        {
            // One of its own: it is not done within a transaction, and waits for those that read and write.
            using var statements = Connect(_path, readOnly: false);
            var session = new Session(statements, null);
            for (var attempt = 0; attempt < attempts; attempt++)
            {
                // The first column says whether somebody was in the way.
                if (session.Number("PRAGMA wal_checkpoint(TRUNCATE)") == 0)
                {
                    return true;
                }
            }

            return false;
        }
        catch (SqliteException failure)
        {
            throw Translate(_path, failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _writes.IdleAsync();
        _writer.Dispose();
        while (_readers.TryTake(out var reader))
        {
            reader.Dispose();
        }
    }

    private T Read<T>(Func<Session, T> work)
    {
        try
        {
            if (!_readers.TryTake(out var reader))
            {
                reader = Connect(_path, readOnly: true);
            }

            try
            {
                return work(new Session(reader, null));
            }
            finally
            {
                Return(reader);
            }
        }
        catch (SqliteException failure)
        {
            throw Translate(_path, failure);
        }
    }

    private void Return(Statements reader)
    {
        if (_disposed == 0 && _readers.Count < MaxIdleReaders)
        {
            _readers.Add(reader);
        }
        else
        {
            reader.Dispose();
        }
    }

    private void Signal()
    {
        TaskCompletionSource changed;
        lock (_signal)
        {
            _changes++;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    // It holds connection strings and hashes of keys: for the owner only, from its first byte on. SQLite gives the files
    // of the WAL the same mode.
    internal static void MakePrivateFile(string path)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        DurableFile.CreateFolder(Path.GetDirectoryName(path)!);
        if (File.Exists(path))
        {
            if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) != owner)
            {
                File.SetUnixFileMode(path, owner);
            }

            return;
        }

        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = owner;
        }

        new FileStream(path, options).Dispose();
        DurableFile.SyncFolder(Path.GetDirectoryName(path)!);
    }

    private static Statements Connect(string path, bool readOnly)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = SqliteOpenMode.ReadWrite,
                Pooling = false,
                DefaultTimeout = BusyTimeoutSeconds,
            }.ToString()
        );
        try
        {
            connection.Open();
            var statements = new Statements(connection);
            var session = new Session(statements, null);
            session.Execute($"PRAGMA busy_timeout = {BusyTimeoutSeconds * 1000}");
            session.Execute("PRAGMA journal_mode = WAL");
            session.Execute("PRAGMA synchronous = FULL");
            session.Execute("PRAGMA foreign_keys = ON");
            // What is removed or changed is overwritten in the file, not only forgotten: keys that are destroyed leave no copy.
            session.Execute("PRAGMA secure_delete = ON");
            session.Execute($"PRAGMA query_only = {(readOnly ? "ON" : "OFF")}");
            return statements;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Migrate(string path, Statements statements)
    {
        using var transaction = statements.Connection.BeginTransaction(deferred: false);
        var session = new Session(statements, transaction);
        var version = session.Number("PRAGMA user_version");
        var application = session.Number("PRAGMA application_id");
        var empty = session.Number("SELECT count(*) FROM sqlite_schema") == 0;
        if (!(empty && version == 0) && application != Schema.ApplicationId)
        {
            throw MetadataErrors.Foreign(path);
        }

        if (version > Schema.Version)
        {
            throw MetadataErrors.Newer(path, version, Schema.Version);
        }

        for (var step = (int)version; step < Schema.Version; step++)
        {
            session.Execute(Schema.Steps[step]);
        }

        if (version != Schema.Version)
        {
            session.Execute($"PRAGMA application_id = {Schema.ApplicationId}");
            session.Execute($"PRAGMA user_version = {Schema.Version}");
        }

        transaction.Commit();
    }

    private static BackupException Translate(string path, SqliteException failure) =>
        failure.SqliteErrorCode switch
        {
            Busy or Locked => MetadataErrors.Busy(path, failure),
            Corrupt or NotADatabase => MetadataErrors.Damaged(path, failure),
            Full => FoundationErrors.NoSpace(path, failure),
            ReadOnly or CannotOpen => MetadataErrors.Unopenable(path, failure),
            Constraint => MetadataErrors.Exists("record", failure),
            _ => MetadataErrors.Failed(path, failure),
        };
}
