namespace Backup.Foundation.Contracts;

/// <summary>Numbers of the server's errors that agents act on, besides showing them.</summary>
public static class ServerRefusals
{
    /// <summary>Agent and server are of different releases.</summary>
    public const int ProtocolMismatch = 8005;

    /// <summary>The server issues no client certificates.</summary>
    public const int CertificatesOff = 8038;
}
