using System.Diagnostics;

namespace Backup.Daemon.Ssh;

/// <summary>A connection to a far side with its file service; dispose it afterwards.</summary>
internal sealed class SshSession : IAsyncDisposable
{
    private readonly Process _process;
    private readonly SftpConnection _connection;

    private SshSession(Process process, SftpConnection connection)
    {
        (_process, _connection) = (process, connection);
        Files = new SftpClient(connection);
    }

    internal SftpClient Files { get; }

    /// <summary>What the server can do beside the protocol.</summary>
    internal bool CanSync => Files.CanSync;

    /// <summary>Of the local <c>ssh</c>: for tests.</summary>
    internal int ProcessId => _process.Id;

    /// <summary>Logs in and asks for the file service.</summary>
    /// <param name="arguments">How.</param>
    /// <param name="patience">How long a login, and later one reply, may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SshEndedException">ssh ended before the file service was there.</exception>
    /// <exception cref="SftpBrokenException">Something answers, but not in SFTP, or nothing in time.</exception>
    internal static async Task<SshSession> OpenAsync(
        SshArguments arguments,
        SshPatience patience,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var process = SshProgram.Start("ssh", arguments.Sftp, arguments.Environment);
        var errors = SshProgram.KeepAsync(process.StandardError);
        try
        {
            var opening = SftpConnection.OpenAsync(
                process.StandardOutput.BaseStream,
                process.StandardInput.BaseStream,
                patience.Reply,
                time,
                cancellation
            );
            // A pipe's read cannot be called back: killing ssh, below, ends it.
            return new SshSession(process, await opening.WaitAsync(patience.Login, time, cancellation));
        }
        catch (Exception failure) when (failure is SftpBrokenException or TimeoutException)
        {
            // Where ssh has something to say it ends by itself, just after its output did.
            var ended = await EndsAsync(process, time);
            await SshProgram.KillAsync(process);
            var said = await errors;
            process.Dispose();
            if (ended && failure is SftpBrokenException { IsNonsense: false })
            {
                throw new SshEndedException(said, failure);
            }

            throw failure as SftpBrokenException
                ?? new SftpBrokenException($"no answer within {patience.Login.TotalSeconds:0} s", inner: failure);
        }
        catch
        {
            await SshProgram.KillAsync(process);
            process.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // First the program: a read of its output ends with it.
        await SshProgram.KillAsync(_process);
        await _connection.DisposeAsync();
        _process.Dispose();
    }

    private static async Task<bool> EndsAsync(Process process, TimeProvider time)
    {
        var ending = process.WaitForExitAsync(CancellationToken.None);
        await ending.WaitAsync(TimeSpan.FromSeconds(2), time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ending.IsCompleted;
    }
}

/// <param name="Login">How long a login may take.</param>
/// <param name="Reply">How long one reply may take: a file of many GB is made durable in one.</param>
internal sealed record SshPatience(TimeSpan Login, TimeSpan Reply)
{
    internal static readonly SshPatience Default = new(TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10));
}

/// <summary>ssh ended by itself.</summary>
/// <param name="said">On its standard error.</param>
/// <param name="inner">What was seen of it.</param>
internal sealed class SshEndedException(string said, Exception inner) : Exception(said, inner)
{
    internal string Said => Message;
}
