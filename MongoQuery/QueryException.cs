using Backup.Foundation.Errors;

namespace Backup.MongoQuery;

/// <summary>A query that is not answered: a server would not either, or this room cannot as a server would.</summary>
public sealed class QueryException : BackupException
{
    internal QueryException(int number, string message, string hint, int serverCode, string codeName)
        : base(number, message, hint)
    {
        ServerCode = serverCode;
        CodeName = codeName;
    }

    /// <summary>MongoDB's code for it, for example 2.</summary>
    public int ServerCode { get; }

    /// <summary>For example <c>BadValue</c>.</summary>
    public string CodeName { get; }

    /// <summary>Whether a server may well answer what is refused here.</summary>
    public bool IsOursAlone => Number != MongoQueryErrors.Refused;
}
