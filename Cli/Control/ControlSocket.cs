using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Backup.Cli.Control;

/// <summary>
/// The address of the control socket. A Unix socket's path may have 107 bytes only, a data folder's may be longer: so the folder is opened,
/// and the socket is named through the descriptor.
/// </summary>
internal sealed partial class ControlSocket : IDisposable
{
    private const string Name = "control.sock";
    private const int Directory = 0x10000; // O_DIRECTORY
    private readonly int _descriptor;

    internal ControlSocket(string dataFolder)
    {
        Path = System.IO.Path.Combine(dataFolder, Name);
        _descriptor = Open(dataFolder, Directory);
        Address = _descriptor >= 0 ? $"/proc/self/fd/{_descriptor}/{Name}" : Path;
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
