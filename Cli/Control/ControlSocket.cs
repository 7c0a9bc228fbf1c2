using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Backup.Cli.Control;

/// <summary>
/// The address of the control socket. A Unix socket's path may have 107 bytes only, a data folder's may be longer: so the folder is opened,
/// and the socket is named through the descriptor.
/// </summary>
internal sealed partial class ControlSocket : IDisposable
{
    /// <summary>Of the appliance that runs on the folder.</summary>
    internal const string Running = "control.sock";

    /// <summary>Of a command that opened the folder for itself: no other command may find it, as it ends with its own work.</summary>
    internal const string Private = "command.sock";

    private const int Directory = 0x10000; // O_DIRECTORY
    private readonly int _descriptor;

    /// <param name="dataFolder">Where the socket is.</param>
    /// <param name="name"><see cref="Running"/> or <see cref="Private"/>.</param>
    internal ControlSocket(string dataFolder, string name)
    {
        Path = System.IO.Path.Combine(dataFolder, name);
        _descriptor = Open(dataFolder, Directory);
        Address = _descriptor >= 0 ? $"/proc/self/fd/{_descriptor}/{name}" : Path;
    }

    internal string Path { get; }

    /// <summary>What to bind or connect to; valid until disposed.</summary>
    internal string Address { get; }

    internal UnixDomainSocketEndPoint EndPoint => new(Address);

    public void Dispose()
    {
        if (_descriptor >= 0)
        {
            _ = Close(_descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
