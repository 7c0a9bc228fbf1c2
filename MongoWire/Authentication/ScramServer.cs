using System.Security.Cryptography;
using System.Text;

namespace Backup.MongoWire.Authentication;

/// <summary>The server's half of one SCRAM exchange: <see cref="First"/>, then <see cref="Final"/>.</summary>
internal sealed class ScramServer(ScramCredential credential, string clientFirstBare, string clientNonce, string nonce)
{
    private readonly string _nonce = clientNonce + nonce;

    private string ServerFirst =>
        $"r={_nonce},s={Convert.ToBase64String(credential.Salt.Span)},i={credential.Iterations}";

    internal byte[] First() => Encoding.UTF8.GetBytes(ServerFirst);

    /// <summary>The server's signature where the client's proof is right, or null.</summary>
    internal byte[]? Final(ReadOnlySpan<byte> clientFinal)
    {
        var message = Encoding.UTF8.GetString(clientFinal);
        var proofAt = message.LastIndexOf(",p=", StringComparison.Ordinal);
        var proof = ScramMessage.FromBase64(proofAt < 0 ? null : message[(proofAt + 3)..]);
        var mechanism = credential.Mechanism;
        if (
            proof?.Length != mechanism.HashLength
            || ScramMessage.Find(message, 'c') != "biws"
            || ScramMessage.Find(message, 'r') != _nonce
        )
        {
            return null;
        }

        var auth = Encoding.UTF8.GetBytes($"{clientFirstBare},{ServerFirst},{message[..proofAt]}");
        var clientKey = ScramKeys.Xor(proof, ScramKeys.Mac(mechanism, credential.StoredKey.Span, auth));
        var stored = ScramKeys.Hash(mechanism, clientKey);
        if (!CryptographicOperations.FixedTimeEquals(stored, credential.StoredKey.Span))
        {
            return null;
        }

        var signature = ScramKeys.Mac(mechanism, credential.ServerKey.Span, auth);
        return Encoding.UTF8.GetBytes($"v={Convert.ToBase64String(signature)}");
    }
}
