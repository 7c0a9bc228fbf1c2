using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Backup.Foundation.Files;
using Microsoft.Win32.SafeHandles;

namespace Backup.Cli.Control;

/// <summary>
/// The socket beside the control socket over which a command hands in the file that it opened: the appliance then writes a restore into it itself, and no byte
/// of it goes through a socket. A message is a ticket of 16 bytes, then the file's name for errors; the ticket is named in the request. The file is the
/// appliance's as long as the connection is there or the restore goes on.
/// </summary>
internal sealed class PassedFiles : IAsyncDisposable
{
    private const int TicketLength = 16;
    private const int LongestMessage = TicketLength + 4096;

    /// <summary>Commands of one owner: more are none that anybody waits for.</summary>
    private const int Most = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly byte[] Taken = [1];

    private readonly ConcurrentDictionary<string, WrittenFile> _waiting = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly FolderSocket _socket;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task _accepting;
    private int _connections;

    /// <param name="folder">The data folder.</param>
    /// <param name="name">Of the control socket beside it.</param>
    internal PassedFiles(string folder, string name)
    {
        _socket = new FolderSocket(folder, NameBeside(name));
        File.Delete(_socket.Path);
        _listener.Bind(_socket.EndPoint);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_socket.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Hands a file in.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="name">Of the control socket.</param>
    /// <param name="path">Of the file, for errors.</param>
    /// <param name="file">Opened to be written, empty.</param>
    /// <returns>The ticket, and what is to be kept until the restore has ended; null where that cannot be done here.</returns>
    internal static (string Ticket, IDisposable Connection)? TryPass(
        string folder,
        string name,
        string path,
        SafeFileHandle file
    )
    {
        if (!PassedFile.IsSupported)
        {
            return null;
        }

        using var address = new FolderSocket(folder, NameBeside(name));
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
        };
        try
        {
            socket.Connect(address.EndPoint);
            var ticket = Guid.NewGuid();
            var message = new byte[LongestMessage];
            ticket.TryWriteBytes(message);
            Encoding.UTF8.TryGetBytes(path, message.AsSpan(TicketLength), out var written);
            PassedFile.Send(socket, message.AsSpan(0, TicketLength + written), file);
            if (socket.Receive(new byte[1]) == 1)
            {
                return (ticket.ToString("N"), socket);
            }
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            // The stream through the control socket is slower, and always there.
        }

        socket.Dispose();
        return null;
    }

    /// <summary>The file of a ticket, once; the caller disposes it.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9512 where none was handed in, or the command has gone.</exception>
    internal WrittenFile Take(string ticket) =>
        _waiting.TryRemove(ticket, out var file)
            ? file
            : throw CliErrors.Damaged("the file that it is for is not open any more");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        foreach (var ticket in _waiting.Keys)
        {
            Drop(ticket);
        }

        File.Delete(_socket.Path);
        _socket.Dispose();
        _stop.Dispose();
    }

    private static string NameBeside(string controlSocket) => controlSocket + "-files";

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                _ = ReceiveAsync(socket);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A command that went away, or no descriptor left: the next one may find one.
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    private async Task ReceiveAsync(Socket socket)
    {
        var ticket = "";
        using (socket)
        {
            try
            {
                if (Interlocked.Increment(ref _connections) > Most)
                {
                    return;
                }

                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                patience.CancelAfter(Patience);
                await socket.ReceiveAsync(Memory<byte>.Empty, patience.Token);
                ticket = Keep(socket);
                if (ticket.Length > 0)
                {
                    await socket.SendAsync(Taken, patience.Token);
                    // Nothing more is said: it ends when the command is done with it, or killed.
                    await socket.ReceiveAsync(new byte[1], _stop.Token);
                }
            }
            catch (Exception failure)
                when (failure is OperationCanceledException or SocketException or IOException or ObjectDisposedException
                )
            {
                // Whoever it was has gone.
            }
            finally
            {
                Interlocked.Decrement(ref _connections);
                Drop(ticket);
            }
        }
    }

    private string Keep(Socket socket)
    {
        var message = new byte[LongestMessage];
        var handle = PassedFile.Receive(socket, message, out var length);
        if (handle is null || length < TicketLength)
        {
            handle?.Dispose();
            return "";
        }

        var ticket = new Guid(message.AsSpan(0, TicketLength)).ToString("N");
        var name = Encoding.UTF8.GetString(message, TicketLength, length - TicketLength);
        var file = new WrittenFile(handle, name);
        if (!_waiting.TryAdd(ticket, file))
        {
            file.Dispose();
            return "";
        }

        return ticket;
    }

    private void Drop(string ticket)
    {
        if (_waiting.TryRemove(ticket, out var file))
        {
            file.Dispose();
        }
    }
}
