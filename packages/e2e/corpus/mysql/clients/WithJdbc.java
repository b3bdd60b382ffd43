import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;

/** What MariaDB's JDBC driver does, against the database of the corpora. Lines that begin with `masked ` show protected columns. */
class WithJdbc {
  static final String DATABASE = System.getenv("MYSQL_DATABASE");

  public static void main(String[] options) throws SQLException {
    for (boolean prepares : new boolean[] {false, true}) {
      System.out.println("-- prepared by the server: " + prepares);
      String url = "jdbc:mariadb://127.0.0.1:" + System.getenv("MYSQL_TCP_PORT") + "/" + DATABASE
          + "?useServerPrepStmts=" + prepares + "&rewriteBatchedStatements=" + !prepares + String.join("", options);
      try (Connection connection = DriverManager.getConnection(url, System.getenv("MYSQL_USER"), System.getenv("MYSQL_PWD"))) {
        reads(connection);
        writes(connection);
        if (prepares) describes(connection.getMetaData());
      } catch (SQLException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) System.err.println(cause.getMessage());
        System.exit(1);
      }
    }
  }

  static void reads(Connection connection) throws SQLException {
    try (PreparedStatement some = connection.prepareStatement("select id, name, active, created_at from people where id < ? order by id")) {
      for (int below : new int[] {3, 5}) {
        some.setInt(1, below);
        show("", some.executeQuery());
      }
    }
    try (PreparedStatement all = connection.prepareStatement("select ssn, email, phone, salary, card, birthday, bio, secret from people order by id")) {
      show("masked ", all.executeQuery());
    }
    try (Statement streaming = connection.createStatement()) {
      streaming.setFetchSize(4);
      show("", streaming.executeQuery("select id, total, placed_at, status from orders order by id"));
      show("masked ", streaming.executeQuery("select code, mail from contacts order by id"));
    }
    try (var call = connection.prepareCall("{call paid_orders()}")) {
      show("", call.executeQuery());
    }
    try (Statement statement = connection.createStatement()) {
      statement.executeQuery("select no_such_column from orders");
    } catch (SQLException failure) {
      System.out.println(failure.getErrorCode() + " " + failure.getSQLState());
    }
  }

  static void writes(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement("insert into settings (name, value) values (?, ?)")) {
      for (int i = 0; i < 5; i++) {
        insert.setString(1, "jdbc" + i);
        insert.setString(2, i == 3 ? null : "it's \\ \"" + i);
        insert.addBatch();
      }
      System.out.println(insert.executeBatch().length);
    }
    try (Statement statement = connection.createStatement()) {
      show("", statement.executeQuery("select name, value from settings where name like 'jdbc%' order by name"));
      connection.rollback();
      show("", statement.executeQuery("select count(*) from settings where name like 'jdbc%'"));
    }
    try (PreparedStatement insert = connection.prepareStatement(
        "insert into orders (person_id, total, placed_at) values (?, ?, '2026-03-01')", Statement.RETURN_GENERATED_KEYS)) {
      insert.setInt(1, 1);
      insert.setBigDecimal(2, new BigDecimal("7.25"));
      System.out.println(insert.executeUpdate());
      try (ResultSet keys = insert.getGeneratedKeys()) {
        System.out.println(keys.next() && keys.getLong(1) > 20);
      }
    }
    connection.rollback();
    connection.setAutoCommit(true);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    System.out.println(connection.getTransactionIsolation() + " " + connection.isValid(5) + " " + connection.getCatalog().equals(DATABASE));
  }

  static void describes(DatabaseMetaData about) throws SQLException {
    show("", about.getTables(DATABASE, null, "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME", "TABLE_TYPE");
    show("", about.getColumns(DATABASE, null, "people", "%"), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "IS_NULLABLE");
    show("", about.getPrimaryKeys(DATABASE, null, "order_items"), "COLUMN_NAME", "KEY_SEQ");
    show("", about.getImportedKeys(DATABASE, null, "orders"), "PKTABLE_NAME", "FKCOLUMN_NAME");
    show("", about.getIndexInfo(DATABASE, null, "people", false, true), "INDEX_NAME", "COLUMN_NAME", "NON_UNIQUE");
    show("", about.getProcedures(DATABASE, null, "%"), "PROCEDURE_NAME");
  }

  /** Every row, of the columns named or of all. */
  static void show(String mark, ResultSet rows, String... names) throws SQLException {
    ResultSetMetaData header = rows.getMetaData();
    String[] columns = names;
    if (columns.length == 0) {
      columns = new String[header.getColumnCount()];
      Arrays.setAll(columns, i -> "");
      for (int i = 0; i < columns.length; i++) columns[i] = header.getColumnLabel(i + 1);
      System.out.println(String.join(", ", columns));
    }
    while (rows.next()) {
      StringBuilder line = new StringBuilder(mark);
      for (String column : columns) line.append(rows.getObject(column)).append(" | ");
      System.out.println(line.toString().replace(DATABASE, "database"));
    }
    rows.close();
  }
}
