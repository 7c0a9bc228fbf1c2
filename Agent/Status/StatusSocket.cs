using System.Net.Sockets;
using System.Text.Json;
using Backup.Agent.Work;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;

namespace Backup.Agent.Status;

/// <summary>
/// Tells a command on the same host how the running agent is, over a Unix socket in its folder that only the owner may open: who connects gets the
/// status as one JSON document, then the end. A file would be written every second on a database's disk, and would be there when the agent is not.
/// </summary>
internal sealed class StatusSocket : IDisposable
{
    private const string Name = "agent.sock";
    private const int Backlog = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Until it is tried again to open the socket.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(10);

    private readonly FolderSocket _place;
    private readonly Socket _listener;

    private StatusSocket(FolderSocket place, Socket listener)
    {
        _place = place;
        _listener = listener;
    }

    /// <summary>Answers until it is cancelled. While another agent runs on the folder, that one does.</summary>
    public static async Task RunAsync(
        string folder,
        Func<AgentStatus> status,
        AgentLog log,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var told = false;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                using var socket = await OpenAsync(folder, cancellation);
                await socket.ServeAsync(status, cancellation);
            }
            catch (BackupException failure)
            {
                if (!told)
                {
                    log.Error(failure);
                    told = true;
                }

                await Task.Delay(Again, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static async Task<StatusSocket> OpenAsync(string folder, CancellationToken cancellation)
    {
        if (await AskAsync(folder, cancellation) is { } other)
        {
            throw AgentErrors.Second(folder, other.ProcessId ?? 0);
        }

        var place = new FolderSocket(folder, Name);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // What a killed agent left.
            File.Delete(place.Path);
            listener.Bind(place.EndPoint);
            // Until it listens nobody gets in, whatever the mode that it was made with.
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(place.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            listener.Listen(Backlog);
            return new StatusSocket(place, listener);
        }
        catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException)
        {
            listener.Dispose();
            place.Dispose();
            throw AgentErrors.Mute(place.Path, failure);
        }
    }

    private async Task ServeAsync(Func<AgentStatus> status, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                using var one = await _listener.AcceptAsync(cancellation);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                patience.CancelAfter(Patience);
                await using var stream = new NetworkStream(one);
                await JsonSerializer.SerializeAsync(stream, status(), StatusJson.Default.AgentStatus, patience.Token);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException or IOException)
            {
                // Whoever asked has gone, or reads nothing: the next one.
            }
        }
    }

    /// <summary>What the agent that runs on the folder says; null where none does.</summary>
    public static async Task<AgentStatus?> AskAsync(string folder, CancellationToken cancellation)
    {
        using var place = new FolderSocket(folder, Name);
        if (!File.Exists(place.Path))
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(place.EndPoint, patience.Token);
            await using var stream = new NetworkStream(socket);
            return await JsonSerializer.DeserializeAsync(stream, StatusJson.Default.AgentStatus, patience.Token);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Left by an agent that was killed.
            return null;
        }
        catch (Exception failure) when (failure is SocketException or IOException or JsonException)
        {
            throw AgentErrors.Mute(place.Path, failure);
        }
        catch (OperationCanceledException failure) when (!cancellation.IsCancellationRequested)
        {
            throw AgentErrors.Mute(place.Path, failure);
        }
    }

    public void Dispose()
    {
        try
        {
            // First, so that it is never another agent's that is removed.
            File.Delete(_place.Path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next agent removes it.
        }

        _listener.Dispose();
        _place.Dispose();
    }
}
